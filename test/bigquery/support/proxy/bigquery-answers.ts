import { makeAnonymousTable } from './anonymous-table.ts'
import { JobLedger, jobResource, type KnownJob, nameOf } from './job-ledger.ts'
import { isSelect } from './query-text.ts'
import { type JobError, jobErrorAnswer, json, type RestAnswer, restError } from './rest-error.ts'
import type { Forward, RestRequest } from './rest-request.ts'
import { type LocatedDataset, locateDatasets, readSubmit, type Submit } from './submit.ts'

// biome-ignore lint/suspicious/noExplicitAny: the emulator's answers, of which a few fields are set.
type Json = any

/** Nobody reads fewer rows than these through the Storage API. */
const LARGE_ROWS = 1_000

/**
 * The emulator's answers about queries, made BigQuery's own where the two differ. Each difference names the page that it follows;
 * all are under docs.cloud.google.com/bigquery/docs.
 */
export class BigqueryAnswers {
  /** What every query that reads is said to process and to be billed for. */
  bytesProcessed: number
  /** What every table says of itself besides: the emulator keeps no expiry. */
  tableMetadata: object = {}
  readonly #forward: Forward
  readonly #jobs = new JobLedger()

  constructor(forward: Forward, bytesProcessed: number) {
    this.#forward = forward
    this.bytesProcessed = bytesProcessed
  }

  /** With `error`, a job that is submitted is taken and fails with it. */
  async answer(request: RestRequest, error: JobError | null = null): Promise<RestAnswer> {
    if (request.call === 'job' || request.call === 'page') return this.#look(request)
    if (request.call === 'metadata' && request.path.includes('/tables/')) return this.#table(request)
    const submit = request.call === 'submit' ? readSubmit(request) : null
    return submit ? this.#submit(submit, error) : this.#forward(request)
  }

  async #table(request: RestRequest): Promise<RestAnswer> {
    const answer = await this.#forward(request)
    if (answer.status !== 200) return answer
    return json(200, { ...JSON.parse(answer.body.toString()), ...this.tableMetadata })
  }

  async #submit(submit: Submit, error: JobError | null): Promise<RestAnswer> {
    const { project, jobId, requestedLocation, configuration, isDryRun } = submit
    const job: KnownJob = { project, jobId, location: requestedLocation ?? 'US', configuration, error: null }
    // reference/rest/v2/JobReference: an id names one job for good, be it one that failed. A dry run makes no job.
    const taken = isDryRun ? null : this.#jobs.get(jobId)
    if (taken) return restError(409, 'duplicate', `Already Exists: Job ${nameOf(taken)}`)
    // Taken from here on: the same id may come again while the server is at work.
    if (!isDryRun) this.#jobs.add(job)
    const datasets = await locateDatasets(submit, this.#forward)
    job.location = requestedLocation ?? datasets[0]?.location ?? 'US'
    job.error = error ?? wrongLocation(job, datasets) ?? this.#overLimit(submit)
    if (job.error === null) return this.#run(submit, job)
    // jobs.query waits for the end of its job, and a dry run has none: both say at once what is wrong.
    if (isDryRun || !submit.isInsert) return jobErrorAnswer(job.error)
    return jobResource(job, 'RUNNING')
  }

  async #run(submit: Submit, job: KnownJob): Promise<RestAnswer> {
    const answer = await this.#forward(submit.request)
    if (answer.status !== 200) {
      if (!submit.isDryRun) this.#jobs.remove(job)
      return answer
    }
    const value = JSON.parse(answer.body.toString())
    // reference/rest/v2/jobs/query: a query that failed is an HTTP error; the emulator answers with no rows and an error beside them.
    if (!submit.isInsert && value.errors) return jobErrorAnswer(inLocation(value.errors[0], job))
    job.jobId = value.jobReference.jobId ?? null
    if (!submit.isDryRun) this.#jobs.add(job)
    return json(200, submit.isInsert ? this.#job(value, job) : this.#rows(value, job))
  }

  async #look(request: RestRequest): Promise<RestAnswer> {
    const job = this.#jobs.get(request.jobId)
    if (job === null) return this.#forward(request)
    // reference/rest/v2/jobs/get: the location is required except for jobs in the multi-regions US and EU.
    const asked = request.query.get('location') ?? (job.location.toUpperCase() === 'EU' ? 'EU' : 'US')
    if (asked.toUpperCase() !== job.location.toUpperCase())
      return restError(404, 'notFound', `Not found: Job ${nameOf({ ...job, location: asked })}`)
    if (job.error) return request.call === 'page' ? jobErrorAnswer(job.error) : jobResource(job, 'DONE')
    const answer = await this.#forward(request)
    if (answer.status === 404 && request.call === 'page') return this.#failureOf(request, job, answer)
    if (answer.status !== 200) return answer
    const value = JSON.parse(answer.body.toString())
    if (request.call === 'page') return json(200, this.#rows(value, job))
    const isLarge = Number(value.statistics.query?.totalRows ?? 0) > LARGE_ROWS
    const table = isLarge ? await makeAnonymousTable(job, request, this.#forward) : null
    if (table !== null) value.configuration.query.destinationTable = table
    return json(200, this.#job(value, job))
  }

  /** reference/rest/v2/jobs/getQueryResults: asked for the rows of a failed job, BigQuery answers with its error; the emulator knows no job. */
  async #failureOf(request: RestRequest, job: KnownJob, notFound: RestAnswer): Promise<RestAnswer> {
    const answer = await this.#forward({ ...request, path: request.path.replace('/queries/', '/jobs/') })
    const error = answer.status === 200 && JSON.parse(answer.body.toString()).status.errorResult
    return error ? jobErrorAnswer(inLocation(error, job)) : notFound
  }

  /** best-practices-costs, "maximum bytes billed": the query fails before it runs, and nothing is billed. */
  #overLimit({ sql, isDryRun, maximumBytesBilled: limit }: Submit): JobError | null {
    if (isDryRun || !isSelect(sql) || limit >= this.bytesProcessed) return null
    const message = `Query exceeded limit for bytes billed: ${limit}. ${this.bytesProcessed} or higher required.`
    return { reason: 'bytesBilledLimitExceeded', message }
  }

  /** reference/rest/v2/Job: where it runs, and in its statistics what it cost; the emulator has US and 0. */
  #job(value: Json, job: KnownJob): Json {
    const { status, configuration, statistics } = value
    const bytes = String(
      isSelect(configuration?.query?.query ?? '') && !status.errorResult ? this.bytesProcessed : 0,
    )
    const isDryRun = Boolean(configuration?.dryRun)
    value.jobReference.location = job.location
    // A dry run makes no job that could be asked for: its answer names none.
    if (isDryRun) delete value.jobReference.jobId
    else value.id = nameOf(job)
    statistics.totalBytesProcessed = bytes
    statistics.query = {
      ...statistics.query,
      totalBytesProcessed: bytes,
      totalBytesBilled: isDryRun ? '0' : bytes,
    }
    if (status.errorResult) {
      status.errorResult = inLocation(status.errorResult, job)
      status.errors = [status.errorResult]
    }
    return value
  }

  /** reference/rest/v2/jobs/getQueryResults, and jobs/query. */
  #rows(value: Json, job: KnownJob): Json {
    value.jobReference = { ...value.jobReference, location: job.location }
    value.totalBytesProcessed = String(isSelect(submittedSql(job)) ? this.bytesProcessed : 0)
    return value
  }
}

/** locations: a query runs in one location, and finds no dataset of another. */
function wrongLocation({ location }: KnownJob, datasets: LocatedDataset[]): JobError | null {
  const elsewhere = datasets.find((dataset) => dataset.location.toUpperCase() !== location.toUpperCase())
  if (!elsewhere) return null
  const message = `Not found: Dataset ${elsewhere.project}:${elsewhere.dataset} was not found in location ${location}`
  return { reason: 'notFound', message }
}

/** The emulator takes every query to run in US. */
function inLocation(error: JobError, job: KnownJob): JobError {
  return { ...error, message: error.message.replace(/ in location US\b/, ` in location ${job.location}`) }
}

function submittedSql(job: KnownJob): string {
  return (job.configuration as Json).query?.query ?? ''
}
