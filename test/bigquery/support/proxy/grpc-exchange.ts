import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Writable } from 'node:stream'
import { type GrpcCall, grpcCall } from './calls.ts'
import { type Fault, GRPC_CODES, type GrpcCode } from './faults.ts'
import { FrameReader } from './grpc-frames.ts'
import type { ProxyState } from './proxy-state.ts'
import { CREDENTIALS_EXPIRED } from './rest-error.ts'

/** Thrown to leave an exchange that a fault has ended. */
class Over extends Error {}

/** One gRPC stream from the caller through to the server and back, message by message. */
export class GrpcExchange {
  readonly #state: ProxyState
  readonly #caller: ServerHttp2Stream
  readonly #upstream: ClientHttp2Session
  readonly #headers: IncomingHttpHeaders
  readonly #call: GrpcCall
  #server: ClientHttp2Stream | null = null
  /** Messages of the caller's so far. */
  #asked = 0
  #isOver = false
  /** What becomes of the server's messages, by their number from 0. */
  #faultOfAnswer = new Map<number, Fault>()

  constructor(
    state: ProxyState,
    upstream: ClientHttp2Session,
    caller: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ) {
    this.#state = state
    this.#upstream = upstream
    this.#caller = caller
    this.#headers = headers
    this.#call = grpcCall(headers[':path']!)
  }

  /** Ends when there is nothing more to pass on; never fails but by a bug. */
  async run(): Promise<void> {
    await this.#orBreak(this.#passRequests())
  }

  /** A stream that is reset, by the caller, the server or a fault, makes its readers and writers fail: that is how it ends, not a bug. */
  async #orBreak(passing: Promise<void>): Promise<void> {
    try {
      await passing
    } catch (error) {
      if (!(error instanceof Over) && !(error instanceof Error && 'code' in error)) throw error
      this.#server?.close(constants.NGHTTP2_CANCEL)
      // Whichever side notices last: once a fault has told the caller, nothing else may.
      if (!this.#isOver) this.#caller.close(constants.NGHTTP2_INTERNAL_ERROR)
    }
  }

  async #passRequests(): Promise<void> {
    const frames = new FrameReader()
    for await (const chunk of this.#caller.iterator({ destroyOnReturn: false }))
      for (const frame of frames.push(chunk)) {
        // A call is one message of AppendRows, and the whole stream elsewhere: those have only one message from the caller.
        await this.#meetFault()
        await send(this.#toServer(), frame)
        this.#asked++
      }
    this.#toServer().end()
  }

  async #meetFault(): Promise<void> {
    const { isExpired, plan } = this.#state
    const fault = isExpired ? null : plan.take({ protocol: 'grpc', call: this.#call })
    const happens = isExpired ? 'expired' : (fault?.kind ?? null)
    const path = this.#headers[':path']!
    this.#state.record({ call: this.#call, method: 'POST', path, jobId: null, body: null, fault: happens })
    if (isExpired) return this.#refuse('UNAUTHENTICATED', CREDENTIALS_EXPIRED)
    switch (fault?.kind) {
      case 'grpc-status':
        return this.#refuse(fault.code, fault.message)
      case 'reset-before':
        return this.#reset(fault.only)
      case 'reset-after':
        this.#faultOfAnswer.set(this.#asked, fault)
        return
      case 'cut':
        this.#faultOfAnswer.set(fault.afterMessages, fault)
        return
      case 'hang':
        await this.#state.plan.released()
    }
  }

  /** The stream to the server; it begins with the first message that is to reach it. */
  #toServer(): ClientHttp2Stream {
    if (this.#server !== null) return this.#server
    const server = this.#upstream.request(this.#headers, { endStream: false })
    this.#server = server
    this.#caller.once('close', () => server.close(constants.NGHTTP2_CANCEL))
    void this.#orBreak(this.#passAnswers(server))
    return server
  }

  async #passAnswers(server: ClientHttp2Stream): Promise<void> {
    const trailers = Promise.withResolvers<IncomingHttpHeaders>()
    server.once('trailers', trailers.resolve)
    const [headers] = (await once(server, 'response')) as [IncomingHttpHeaders]
    // A refusal has neither messages nor trailers of its own.
    if (headers['grpc-status'] !== undefined) {
      this.#caller.respond(headers, { endStream: true })
      return
    }
    this.#caller.respond(headers, { waitForTrailers: true })
    this.#caller.once('wantTrailers', async () => this.#caller.sendTrailers(await trailers.promise))
    const frames = new FrameReader()
    let answered = 0
    for await (const chunk of server)
      for (const frame of frames.push(chunk)) {
        this.#breakOff(this.#faultOfAnswer.get(answered++))
        await send(this.#caller, frame)
      }
    this.#breakOff(this.#faultOfAnswer.get(answered))
    await trailers.promise
    this.#caller.end()
  }

  #breakOff(fault: Fault | undefined): void {
    if (fault?.kind === 'reset-after') this.#reset(fault.only)
    if (fault?.kind === 'cut') fault.code ? this.#refuse(fault.code, 'The stream was cut') : this.#reset()
  }

  #reset(only?: 'stream'): never {
    this.#isOver = true
    if (only === 'stream') this.#caller.close(constants.NGHTTP2_INTERNAL_ERROR)
    else this.#caller.session?.destroy()
    throw new Over()
  }

  /** Ends the stream with a status in the server's stead. */
  #refuse(code: GrpcCode, message: string): never {
    this.#isOver = true
    const status = { 'grpc-status': String(GRPC_CODES[code]), 'grpc-message': percentEncoded(message) }
    if (this.#caller.headersSent) {
      this.#caller.removeAllListeners('wantTrailers')
      this.#caller.once('wantTrailers', () => this.#caller.sendTrailers(status))
      this.#caller.end()
    } else {
      const headers = { ':status': 200, 'content-type': 'application/grpc', ...status }
      this.#caller.respond(headers, { endStream: true })
    }
    throw new Over()
  }
}

/** As gRPC over HTTP/2 has it: printable ASCII stands for itself, but for the percent sign. */
function percentEncoded(message: string): string {
  return message.replaceAll(/%|[^ -~]+/g, encodeURIComponent)
}

/** Waits until the bytes have left, so that a slow reader slows the writer down. */
function send(stream: Writable, frame: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  stream.write(frame, (error) => (error ? reject(error) : resolve()))
  return promise
}
