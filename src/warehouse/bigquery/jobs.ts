import { randomUUID } from 'node:crypto'
import type { ApiCall, BigqueryApi } from './api.ts'
import { type ApiFailure, isConflict, isJobNotFound, isTransient, JobFailure, reasonOf } from './failures.ts'
import type { FieldSchema, Job, QueryConfiguration, ResultPage, TableReference } from './rest-types.ts'
import { type RetryOptions, untilAborted, withRetries } from './retries.ts'

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
  retry: RetryOptions
  project: string
  location: string
  labels: Record<string, string>
  maximumBytesBilled: number
  /** Rows that come with the answer that a query has ended. */
  firstPageRows: number
}

export interface PageOptions {
  maxRows: number
  signal: AbortSignal | undefined
}

/** A job that has failed stays so, however often it is asked for. */
const isCallFailure = (error: unknown) =>
  !(error instanceof JobFailure) && (isTransient(error) || isJobNotFound(error))

const HTTP_BAD_REQUEST = 400
const HTTP_CONFLICT = 409

/** How long the server may hold an answer back while a query runs; clients that ask more often gain nothing. */
const POLL_MS = 20_000
/** A query that takes longer hangs; the next scheduled run asks again. */
const JOB_TIMEOUT_MS = 3_600_000
const REPEATED_JOBS = 4
export const CANCEL_TIMEOUT_MS = 5_000

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
      ...this.#options.retry,
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

  /** A page of a finished query. A token expires, or is refused: the number of the row that is due takes over then. */
  async page(
    jobId: string,
    token: string | null,
    startRow: number,
    options: PageOptions,
  ): Promise<ResultPage> {
    const { api, location } = this.#options
    const { maxRows, signal } = options
    const ask = (from: { pageToken: string } | { startIndex: number }) =>
      api.call<ResultPage>(
        { uri: `/queries/${jobId}`, qs: { location, maxResults: maxRows, ...from } },
        { signal },
      )
    if (token === null) return ask({ startIndex: startRow })
    try {
      return await ask({ pageToken: token })
    } catch (error) {
      if ((error as ApiFailure).code !== HTTP_BAD_REQUEST) throw error
      return ask({ startIndex: startRow })
    }
  }

  async #runOnce(query: QueryConfiguration, signal: AbortSignal | undefined): Promise<FinishedJob> {
    const jobId = `adjust_s2s_${randomUUID()}`
    try {
      await this.#submit(jobId, query, signal)
      const firstPage = await this.#wait(jobId, signal)
      const { configuration, statistics } = await this.#options.api.call<Job>(this.#find(jobId), {
        signal,
        isRetryable: isCallFailure,
      })
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
      const isOurs = (error as ApiFailure).code === HTTP_CONFLICT && reasonOf(error) === 'duplicate'
      if (!isOurs) throw error
    }
  }

  async #wait(jobId: string, signal: AbortSignal | undefined): Promise<ResultPage> {
    const { location, firstPageRows } = this.#options
    const qs = { location, maxResults: firstPageRows, timeoutMs: POLL_MS }
    for (;;) {
      const page = await withRetries(() => this.#poll(jobId, qs, signal), {
        ...this.#options.retry,
        signal,
        isRetryable: isCallFailure,
      })
      if (page.jobComplete) return page
      signal?.throwIfAborted()
    }
  }

  /** A failure here may be that of the call or that of the job: the job itself knows. */
  async #poll(
    jobId: string,
    qs: Record<string, string | number>,
    signal: AbortSignal | undefined,
  ): Promise<ResultPage> {
    const { api } = this.#options
    try {
      return await api.callOnce<ResultPage>({ uri: `/queries/${jobId}`, qs }, signal)
    } catch (error) {
      signal?.throwIfAborted()
      const job = await api.callOnce<Job>(this.#find(jobId), signal).catch(() => null)
      if (job?.status?.errorResult) throw new JobFailure(job.status.errorResult)
      throw error
    }
  }

  #find(jobId: string): ApiCall {
    return { uri: `/jobs/${jobId}`, qs: { location: this.#options.location } }
  }

  /** So that nobody pays for what nobody waits for. That it may fail changes nothing for us. */
  async #cancel(jobId: string): Promise<void> {
    const { api, location } = this.#options
    const cancelled = api.callOnce({ method: 'POST', uri: `/jobs/${jobId}/cancel`, qs: { location } })
    await untilAborted(cancelled, AbortSignal.timeout(CANCEL_TIMEOUT_MS)).catch(() => {})
  }

  #job(jobId: string | undefined, query: QueryConfiguration, dryRun: boolean): Job {
    const { project, location, labels, maximumBytesBilled } = this.#options
    return {
      jobReference: { projectId: project, location, ...(jobId === undefined ? {} : { jobId }) },
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
