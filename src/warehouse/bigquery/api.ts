import { BigQuery } from '@google-cloud/bigquery'
import { PassThroughClient } from 'google-auth-library'
import { type RetryOptions, withRetries } from './retries.ts'

export interface ApiOptions {
  project: string
  /** `https://bigquery.googleapis.com` unless given; plain `http:` (loopback, an emulator) is asked without credentials. */
  apiEndpoint?: string | undefined
  maxRetryMs?: number | undefined
}

export interface ApiCall {
  method?: 'GET' | 'POST'
  /** Below `/bigquery/v2/projects/<project>`. */
  uri: string
  qs?: Record<string, string | number | boolean | undefined>
  json?: unknown
}

/** No answer of the REST API takes longer: a query is waited for in turns of 20 seconds. */
const REQUEST_TIMEOUT_MS = 60_000

/**
 * BigQuery's REST API by Google's own client, which finds the credentials (application-default, Workload Identity, a key file), with
 * retries of our own: the client's do not cover all that BigQuery asks to be tried again.
 */
export class BigqueryApi {
  readonly #client: BigQuery
  readonly #maxRetryMs: number | undefined

  constructor({ project, apiEndpoint, maxRetryMs }: ApiOptions) {
    this.#client = new BigQuery({
      projectId: project,
      autoRetry: false,
      maxRetries: 0,
      ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
      ...(apiEndpoint?.startsWith('http://') ? { authClient: new PassThroughClient() } : {}),
    })
    this.#client.timeout = REQUEST_TIMEOUT_MS
    this.#maxRetryMs = maxRetryMs
  }

  /** One call; a failure that may pass is tried again. Only for calls that may be repeated. */
  call<T>(call: ApiCall, options: RetryOptions = {}): Promise<T> {
    return withRetries(() => this.callOnce<T>(call), { maxRetryMs: this.#maxRetryMs, ...options })
  }

  callOnce<T>({ method = 'GET', ...call }: ApiCall): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#client.request({ method, ...call }, (error, body) => (error ? reject(error) : resolve(body as T)))
    })
  }
}
