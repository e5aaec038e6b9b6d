import { BigQuery } from '@google-cloud/bigquery'
import { PassThroughClient } from 'google-auth-library'
import { inTime, type RetryOptions, withRetries } from './retries.ts'

export interface ApiOptions extends RetryOptions {
  project: string
  /** `https://bigquery.googleapis.com` unless given; plain `http:` (loopback, an emulator) is asked without credentials. */
  apiEndpoint?: string | undefined
  /** For one call, with what comes before it: credentials are fetched, too. */
  callTimeoutMs?: number | undefined
}

export interface ApiCall {
  method?: 'GET' | 'POST'
  /** Below `/bigquery/v2/projects/<project>`. */
  uri: string
  qs?: Record<string, string | number | boolean | undefined>
  json?: unknown
}

/** A query is waited for in turns of 20 seconds. The client has a setting of its own, which its HTTP library does not know. */
const CALL_TIMEOUT_MS = 60_000

/**
 * BigQuery's REST API by Google's own client, which finds the credentials (application-default, Workload Identity, a key file), with
 * retries of our own: the client's do not cover all that BigQuery asks to be tried again.
 */
export class BigqueryApi {
  readonly #client: BigQuery
  readonly #retry: RetryOptions
  readonly #callTimeoutMs: number
  readonly #isPlain: boolean
  #credentials: Promise<unknown> | null = null

  constructor({ project, apiEndpoint, callTimeoutMs = CALL_TIMEOUT_MS, ...retry }: ApiOptions) {
    this.#callTimeoutMs = callTimeoutMs
    this.#isPlain = apiEndpoint?.startsWith('http://') ?? false
    this.#client = new BigQuery({
      projectId: project,
      autoRetry: false,
      maxRetries: 0,
      ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
      ...(this.#isPlain ? { authClient: new PassThroughClient() } : {}),
    })
    this.#retry = retry
  }

  /** One call; a failure that may pass is tried again. Only for calls that may be repeated. */
  call<T>(call: ApiCall, options: RetryOptions = {}): Promise<T> {
    return withRetries(() => this.callOnce<T>(call, options.signal), { ...this.#retry, ...options })
  }

  callOnce<T>(call: ApiCall, signal?: AbortSignal): Promise<T> {
    return inTime(this.#send<T>(call), this.#callTimeoutMs, 'an answer of BigQuery', signal)
  }

  async #send<T>({ method = 'GET', ...call }: ApiCall): Promise<T> {
    // Found first, for the client asks without any when there are none, and then says what came of that.
    if (!this.#isPlain) {
      this.#credentials ??= this.#client.authClient.getClient()
      await this.#credentials.catch((error: unknown) => {
        this.#credentials = null
        throw error
      })
    }
    return new Promise((resolve, reject) => {
      this.#client.request({ method, ...call }, (error, body) => (error ? reject(error) : resolve(body as T)))
    })
  }

  /**
   * Whose credentials were found and can be used, for people. Throws what Google's client throws when there are none, or when they cannot
   * be turned into a token.
   */
  async account(): Promise<string> {
    if (this.#isPlain) return 'nobody: plain http, which needs none'
    const { authClient } = this.#client
    await authClient.getAccessToken()
    // A person's own credentials name nobody, and asking for the name may fail where using them does not.
    const named = await authClient.getCredentials().catch(() => null)
    return named?.client_email ?? 'somebody whom they do not name'
  }
}
