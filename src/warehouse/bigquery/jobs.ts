import { randomUUID } from 'node:crypto'
import type { BigqueryApi } from './api.ts'
import { isConflict, isTransient, JobFailure, reasonOf } from './failures.ts'
import type { FieldSchema, Job, QueryConfiguration, ResultPage, TableReference } from './rest-types.ts'
import { withRetries } from './retries.ts'

export interface FinishedJob {
  jobId: string
  /** The first rows; all of them when it has no page token. */
  firstPage: ResultPage
  /** Where BigQuery keeps the rows for a day. */
  destination: TableReference | null
  changedRows: number
}

export interface JobsOptions {
  api: BigqueryApi
  location: string
  labels: Record<string, string>
  maximumBytesBilled: number
  /** Rows that come with the answer that a query has ended. */
  firstPageRows: number
}

/** How long the server may hold an answer back while a query runs; clients that ask more often gain nothing. */
const POLL_MS = 20_000
/** A query that takes longer hangs; the next scheduled run asks again. */
const JOB_TIMEOUT_MS = 3_600_000
const REPEATED_JOBS = 4

/**
 * Runs queries as jobs with ids of our own: a submit whose answer was lost is repeated under the same id, and BigQuery then says that
 * it has the job already. So no query is paid twice, and no change is made twice.
 */
export class QueryJobs {
  readonly #options: JobsOptions
  #bytesBilled = 0

  constructor(options: JobsOptions) {
    this.#options = options
  }

  get bytesBilled(): number {
    return this.#bytesBilled
  }

  /** Waits for the end of the query. A job that BigQuery itself broke is repeated as a new one. */
  async run(query: QueryConfiguration, signal?: AbortSignal): Promise<FinishedJob> {
    let failures = 0
    return withRetries(() => this.#runOnce(query, signal), {
      signal,
      isRetryable: (error) =>
        error instanceof JobFailure &&
        (isTransient(error) || isConflict(error)) &&
        ++failures < REPEATED_JOBS,
    })
  }

  /** What the query would yield and read; it is checked, and neither run nor paid. */
  async dryRun(query: QueryConfiguration): Promise<{ fields: FieldSchema[]; bytes: number }> {
    const { statistics } = await this.#options.api.call<Job>({
      method: 'POST',
      uri: '/jobs',
      json: this.#job(undefined, query, true),
    })
    return {
      fields: statistics?.query?.schema?.fields ?? [],
      bytes: Number(statistics?.query?.totalBytesProcessed ?? statistics?.totalBytesProcessed ?? 0),
    }
  }

  /** A page of a finished query. `startRow` takes over when the token has expired. */
  page(
    jobId: string,
    token: string,
    startRow: number,
    maxRows: number,
    signal?: AbortSignal,
  ): Promise<ResultPage> {
    const uri = `/queries/${jobId}`
    const query = { location: this.#options.location, maxResults: maxRows }
    let where: { pageToken: string } | { startIndex: string } = { pageToken: token }
    return this.#options.api.call({ uri, qs: { ...query, ...where } }, { signal }).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 400) throw error
      where = { startIndex: String(startRow) }
      return this.#options.api.call({ uri, qs: { ...query, ...where } }, { signal })
    }) as Promise<ResultPage>
  }

  async #runOnce(query: QueryConfiguration, signal: AbortSignal | undefined): Promise<FinishedJob> {
    const jobId = `adjust_s2s_${randomUUID()}`
    try {
      await this.#submit(jobId, query, signal)
      const firstPage = await this.#wait(jobId, signal)
      const { configuration, statistics } = await this.#get(jobId)
      this.#bytesBilled += Number(statistics?.query?.totalBytesBilled ?? 0)
      const destination = configuration?.query?.destinationTable ?? null
      return {
        jobId,
        firstPage,
        destination,
        changedRows: Number(statistics?.query?.numDmlAffectedRows ?? 0),
      }
    } catch (error) {
      if (signal?.aborted) await this.#cancel(jobId)
      throw error
    }
  }

  async #submit(jobId: string, query: QueryConfiguration, signal: AbortSignal | undefined): Promise<void> {
    const json = this.#job(jobId, query, false)
    try {
      const { status } = await this.#options.api.call<Job>({ method: 'POST', uri: '/jobs', json }, { signal })
      if (status?.errorResult) throw new JobFailure(status.errorResult)
    } catch (error) {
      const isOurs = (error as { code?: unknown }).code === 409 && reasonOf(error) === 'duplicate'
      if (!isOurs) throw error
    }
  }

  async #wait(jobId: string, signal: AbortSignal | undefined): Promise<ResultPage> {
    const { location, firstPageRows } = this.#options
    const qs = { location, maxResults: firstPageRows, timeoutMs: POLL_MS }
    for (;;) {
      const page = await withRetries(() => this.#poll(jobId, qs), { signal })
      if (page.jobComplete) return page
      signal?.throwIfAborted()
    }
  }

  /** A failure here may be that of the call or that of the job: the job itself knows. */
  async #poll(jobId: string, qs: Record<string, string | number>): Promise<ResultPage> {
    const { api } = this.#options
    try {
      return await api.callOnce<ResultPage>({ uri: `/queries/${jobId}`, qs })
    } catch (error) {
      const job = await this.#get(jobId).catch(() => null)
      if (job?.status?.errorResult) throw new JobFailure(job.status.errorResult)
      throw error
    }
  }

  #get(jobId: string): Promise<Job> {
    return this.#options.api.call({ uri: `/jobs/${jobId}`, qs: { location: this.#options.location } })
  }

  /** So that nobody pays for what nobody waits for. That it may fail changes nothing for us. */
  async #cancel(jobId: string): Promise<void> {
    const { api, location } = this.#options
    const uri = `/jobs/${jobId}/cancel?location=${encodeURIComponent(location)}`
    await api.callOnce({ method: 'POST', uri }).catch(() => {})
  }

  #job(jobId: string | undefined, query: QueryConfiguration, dryRun: boolean): Job {
    const { location, labels, maximumBytesBilled } = this.#options
    return {
      jobReference: { location, ...(jobId === undefined ? {} : { jobId }) },
      configuration: {
        dryRun,
        labels,
        jobTimeoutMs: String(JOB_TIMEOUT_MS),
        query: {
          useLegacySql: false,
          ...query,
          // A dry run is asked for how much it would be, so the limit would only hide the answer.
          ...(dryRun ? {} : { maximumBytesBilled: String(maximumBytesBilled) }),
        },
      },
    }
  }
}
