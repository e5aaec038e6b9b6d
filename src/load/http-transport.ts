import { Client, type Dispatcher } from 'undici'
import type { Clock } from '../domain/clock.ts'
import type { Answer } from './answer.ts'
import { type Linked, LinkedList } from './linked-list.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { OutgoingRequest, RequestCallbacks, Transport } from './transport.ts'

export type RequestStyle = 'post_body' | 'post_url' | 'get'

export interface HttpTransportOptions {
  /** Base address, such as `https://s2s.adjust.com`. */
  url: string
  requestStyle: RequestStyle
  /** From the moment a request is handed over to its last byte of answer. */
  timeoutMs: number
  userAgent: string
  clock: Clock
}

/** More than any answer of Adjust's; the rest of a gateway's page is not worth memory. */
const KEPT_BODY_BYTES = 16_384
/** An idle connection is given up before servers and load balancers usually do, so that no request meets a closing one. */
const KEEP_ALIVE_MS = 4_000

/**
 * Sends over HTTP with one undici `Client` per request in flight (a `Pool` searches its clients one by one).
 * It never repeats a request by itself: each try has to go through the journal.
 */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions
  readonly #origin: string
  readonly #basePath: string
  readonly #idle: Client[] = []
  readonly #all = new Set<Client>()
  readonly #inFlight = new LinkedList<Exchange>()
  #cancelSweep: (() => void) | null = null

  constructor(options: HttpTransportOptions) {
    this.#options = options
    const url = new URL(options.url)
    this.#origin = url.origin
    this.#basePath = url.pathname.replace(/\/$/, '')
  }

  send(request: OutgoingRequest, { onAnswer, ...callbacks }: RequestCallbacks): void {
    // The client that was used last is the one whose connection is most likely still open.
    const client = this.#idle.pop() ?? this.#open()
    const deadline = this.#options.clock.monotonic() + this.#options.timeoutMs
    const settle = (answer: Answer) => {
      this.#inFlight.delete(exchange)
      this.#recycle(client)
      onAnswer(answer)
    }
    const exchange = new Exchange(client, deadline, this.#options.clock, { ...callbacks, onAnswer: settle })
    this.#inFlight.push(exchange)
    this.#sweepLater()
    client.dispatch(this.#toDispatch(request), exchange)
  }

  async close(): Promise<void> {
    this.#cancelSweep?.()
    await Promise.all([...this.#all].map((client) => client.destroy()))
  }

  /**
   * A server may close the connection together with its answer. One turn of the event loop later that is known; a request that is
   * sent at once would break off and be in doubt for nothing.
   */
  #recycle(client: Client): void {
    if (client.destroyed) this.#all.delete(client)
    else setImmediate(() => this.#idle.push(client))
  }

  #open(): Client {
    const client = new Client(this.#origin, {
      pipelining: 1,
      // Over HTTP/2 a request may be put back and sent again when the server says goodbye; one connection carries one request here.
      allowH2: false,
      // The sweep below holds the deadline over the whole exchange; undici's own timers are coarse and only see parts of it.
      connectTimeout: 0,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    })
    this.#all.add(client)
    return client
  }

  #toDispatch({ path, query, token }: OutgoingRequest): Dispatcher.DispatchOptions {
    const headers: Record<string, string> = { 'user-agent': this.#options.userAgent }
    if (token !== null) headers.authorization = `Bearer ${token}`
    const endpoint = this.#basePath + path
    if (this.#options.requestStyle !== 'post_body') {
      const method = this.#options.requestStyle === 'get' ? 'GET' : 'POST'
      return { method, path: `${endpoint}?${query}`, headers }
    }
    headers['content-type'] = 'application/x-www-form-urlencoded'
    return { method: 'POST', path: endpoint, headers, body: query }
  }

  /** One timer for all requests: the time-out is the same for each, so the list is in the order of its deadlines. */
  #sweepLater(): void {
    if (this.#cancelSweep !== null) return
    const oldest = this.#inFlight.first
    if (oldest === null) return
    const delayMs = Math.max(1, oldest.deadline - this.#options.clock.monotonic())
    // Only once what has arrived is read: in a process that was paused answers wait in their sockets, and timers come before them.
    this.#cancelSweep = this.#options.clock.after(delayMs, () => setImmediate(() => this.#sweep()))
  }

  #sweep(): void {
    this.#cancelSweep = null
    const now = this.#options.clock.monotonic()
    for (
      let late = this.#inFlight.first;
      late !== null && late.deadline <= now;
      late = this.#inFlight.first
    ) {
      this.#inFlight.delete(late)
      late.timeOut(this.#options.timeoutMs)
    }
    this.#sweepLater()
  }
}

/** One request and its answer. `#started` is the line between "surely not sent" and "perhaps counted". */
class Exchange implements Dispatcher.DispatchHandler, Linked {
  previous: Linked | null = null
  next: Linked | null = null
  readonly deadline: number
  readonly #client: Client
  readonly #clock: Clock
  readonly #callbacks: RequestCallbacks
  #controller: Dispatcher.DispatchController | null = null
  #started = false
  #timedOut = false
  #done = false
  #status = 0
  #retryAfterMs: number | null = null
  #chunks: Buffer[] = []
  #keptBytes = 0

  constructor(client: Client, deadline: number, clock: Clock, callbacks: RequestCallbacks) {
    this.#client = client
    this.deadline = deadline
    this.#clock = clock
    this.#callbacks = callbacks
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // undici puts a request back in its queue when a connection is closed "for information"; a second start would be a second send.
    if (this.#started) return controller.abort(new Error('the connection closed after the request had begun'))
    if (!this.#callbacks.mayStart()) return controller.abort(new Error('taken back before its first byte'))
    this.#started = true
    this.#callbacks.onStart()
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status
    this.#retryAfterMs = parseRetryAfter(headers['retry-after'], this.#clock.now())
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#keptBytes >= KEPT_BODY_BYTES) return
    this.#chunks.push(chunk)
    this.#keptBytes += chunk.length
  }

  onResponseEnd(): void {
    const [only] = this.#chunks
    const bytes = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks)
    const body = bytes.toString('utf8', 0, KEPT_BODY_BYTES)
    this.#finish({ kind: 'answered', status: this.#status, retryAfterMs: this.#retryAfterMs, body })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    // undici refuses what it was asked to send: a bug here, and no retry would mend it.
    if ('code' in error && error.code === 'UND_ERR_INVALID_ARG') throw error
    const message = describeError(error)
    if (!this.#started) this.#finish({ kind: 'not_sent', message })
    else if (this.#timedOut) this.#finish({ kind: 'timed_out', message })
    else
      this.#finish({
        kind: 'lost',
        message: this.#status === 0 ? message : `HTTP ${this.#status}, then ${message}`,
      })
  }

  timeOut(timeoutMs: number): void {
    this.#timedOut = true
    if (this.#started) this.#controller?.abort(new Error(`no whole answer within ${timeoutMs} ms`))
    // Still without a connection: its client goes, so that the request cannot leave after all.
    else this.#client.destroy(new Error(`no connection within ${timeoutMs} ms`), () => {})
  }

  #finish(answer: Answer): void {
    if (this.#done) return
    this.#done = true
    this.#callbacks.onAnswer(answer)
  }
}

/** `ECONNREFUSED: connect ECONNREFUSED …` says more than undici's wrapper around it. Addresses in it are Adjust's, never a device's. */
function describeError(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`
}
