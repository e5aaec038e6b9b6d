import type { Answer } from '../../src/load/answer.ts'
import type { OutgoingRequest, RequestCallbacks, Transport } from '../../src/load/transport.ts'
import { Adjust, isCounted } from '../../src/simulator/adjust.ts'
import { type AnswerName, wordAnswer } from '../../src/simulator/answers.ts'
import { readRequest } from '../../src/simulator/request.ts'
import { TruthLog } from '../../src/simulator/truth-log.ts'
import { findViolations } from '../../src/simulator/violations.ts'
import type { KnownWorld } from '../../src/simulator/world.ts'
import type { Chance } from './chance.ts'
import type { SimulatedProcess } from './process.ts'
import type { WorldTime } from './time.ts'

/** What can happen to a request after it has begun, and whether Adjust then counts its event. */
export const REQUEST_FAULTS = [
  /** Broken off before Adjust has it. */
  'reset_before',
  /** Counted, and then broken off. */
  'reset_after',
  /** Counted or not, and silent. */
  'no_answer',
  /** Counted or not, and a gateway answers in Adjust's place. */
  'gateway_page',
  'garbage_body',
  /** Not counted, and Adjust says so. */
  'too_many_requests',
  'internal_error',
  /** Counted; the answer comes late, perhaps too late. */
  'slow_answer',
  /** Something on the way keeps it for minutes, and then Adjust handles it. Nobody hears of it. */
  'handled_late',
  /** No connection: not one byte leaves. */
  'refused',
] as const
export type RequestFault = (typeof REQUEST_FAULTS)[number]
export type NetworkFaults = Record<RequestFault, number>

/** One request that has begun, as the outside saw it. Times are true time, epoch milliseconds. */
export interface Exchange {
  process: SimulatedProcess
  startedAtMs: number
  arrivedAtMs: number
  appToken: string
  eventToken: string
  isEvent: boolean
  hasRevenue: boolean
  /** `app kind value` of each. */
  identifiers: string[]
  transactionId: string
  createdAtMs: number
  fault: RequestFault | null
  /** What Adjust made of it; null when it never got it, or not yet. */
  judged: AnswerName | null
  counted: boolean
  /** What the process heard, and when; null while it waits, and for ever when it died. */
  heard: Answer | null
  heardAtMs: number | null
}

/** More than a little less than the time for which the sender leaves an unknown outcome alone. */
const LATEST_HANDLING_MS = 14 * 60_000
export const USUAL_LATENCY_MS = 30
/** What two requests' ways may differ by; the sender allows for 8. */
const TRANSIT_MS = 7

/** The way to Adjust and Adjust itself, as all processes of a simulation share them. */
export class Network {
  readonly adjust: Adjust
  readonly truth = new TruthLog(false)
  readonly exchanges: Exchange[] = []
  readonly injected = new Map<string, number>()
  faults: NetworkFaults | null = null
  /** Until then, true time, every connection is refused. */
  downUntilMs = 0
  /** Until then, true time, it answers every request with 429 and asks for minutes. */
  busyUntilMs = 0
  /** Half of the longest time that an answer usually takes on its way back. */
  latencyMs = USUAL_LATENCY_MS
  /** Looks at each request right before its first byte. */
  onStart: (exchange: Exchange) => void = () => {}
  /** Called when a connection has to be made first. */
  onConnect: (process: SimulatedProcess) => void = () => {}
  readonly #world: KnownWorld
  readonly #time: WorldTime
  readonly #chance: Chance

  constructor(world: KnownWorld, time: WorldTime, chance: Chance) {
    this.#world = world
    this.#time = time
    this.#chance = chance
    this.adjust = new Adjust(world, time.nowMs)
  }

  connect(process: SimulatedProcess, timeoutMs: number): Transport {
    return {
      send: (request, callbacks) => this.#send(request, callbacks, process, timeoutMs),
      close: async () => {},
    }
  }

  #send(request: OutgoingRequest, callbacks: RequestCallbacks, process: SimulatedProcess, timeoutMs: number) {
    const { mayStart, onStart, onAnswer } = callbacks
    const fault = this.#chooseFault()
    // Most connections are there already; a new one takes its time, and the process may be paused meanwhile.
    const connectMs = this.#chance.happens(0.7) ? 0 : this.#chance.between(1, 400)
    const notSent = (message: string) => process.after(1, () => onAnswer({ kind: 'not_sent', message }))
    const begin = () => {
      if (fault === 'refused' || this.#time.nowMs < this.downUntilMs) return void notSent('ECONNREFUSED')
      if (!mayStart()) return void notSent('taken back before its first byte')
      if (!process.mayAct()) return
      const exchange = this.#open(request, process, fault)
      this.onStart(exchange)
      this.exchanges.push(exchange)
      onStart()
      this.#carry(exchange, request, timeoutMs - connectMs, onAnswer)
    }
    if (connectMs === 0) return begin()
    process.after(connectMs, begin)
    this.onConnect(process)
  }

  #chooseFault(): RequestFault | null {
    if (this.faults === null) return null
    if (this.#time.nowMs < this.busyUntilMs) return 'too_many_requests'
    let remaining = this.#chance.random()
    for (const fault of REQUEST_FAULTS) {
      remaining -= this.faults[fault]
      if (remaining >= 0) continue
      this.injected.set(`request ${fault}`, (this.injected.get(`request ${fault}`) ?? 0) + 1)
      return fault
    }
    return null
  }

  #open({ path, query }: OutgoingRequest, process: SimulatedProcess, fault: RequestFault | null): Exchange {
    const { parameters, identifiers, callbackParams, claimedTime } = readRequest(
      rawOf(path, query, null, this.#time.nowMs),
    )
    const appToken = parameters.get('app_token') ?? ''
    return {
      process,
      startedAtMs: this.#time.nowMs,
      arrivedAtMs: this.#time.nowMs + this.#chance.between(0, TRANSIT_MS),
      appToken,
      eventToken: parameters.get('event_token') ?? '',
      isEvent: path === '/event',
      hasRevenue: parameters.has('revenue'),
      identifiers: Object.entries(identifiers).map(
        ([kind, value]) => `${appToken} ${kind} ${value.toLowerCase()}`,
      ),
      transactionId: typeof callbackParams === 'string' ? '' : (callbackParams.transaction_id ?? ''),
      createdAtMs: claimedTime.kind === 'given' ? claimedTime.epochMs : Number.NaN,
      fault,
      judged: null,
      counted: false,
      heard: null,
      heardAtMs: null,
    }
  }

  /** From the first byte on Adjust gets it whatever becomes of the sender. */
  #carry(
    exchange: Exchange,
    request: OutgoingRequest,
    leftMs: number,
    onAnswer: (answer: Answer) => void,
  ): void {
    const { process, fault } = exchange
    const hear = (answer: Answer) => {
      if (exchange.heard !== null) return
      exchange.heard = answer
      exchange.heardAtMs = this.#time.nowMs
      onAnswer(answer)
    }
    process.after(leftMs, () => hear({ kind: 'timed_out', message: 'no whole answer' }))
    const transitMs = exchange.arrivedAtMs - exchange.startedAtMs
    const lateMs = fault === 'handled_late' ? this.#chance.between(1_000, LATEST_HANDLING_MS) : 0
    this.#time.after(transitMs + lateMs, () => {
      const answer = this.#answer(exchange, request)
      if (answer === null) return
      const slowMs = fault === 'slow_answer' ? this.#chance.between(0, 2 * leftMs) : 0
      const backMs = this.#chance.between(1, 2 * this.latencyMs) + slowMs
      this.#time.after(backMs, () => process.enter(() => hear(answer)))
    })
  }

  /** Adjust's part, and what of it comes back; null when nothing does. */
  #answer(exchange: Exchange, request: OutgoingRequest): Answer | null {
    const body = (status: number, text: string, retryAfterMs: number | null = null): Answer => ({
      kind: 'answered',
      status,
      retryAfterMs,
      body: text,
    })
    const lost: Answer = { kind: 'lost', message: 'ECONNRESET' }
    switch (exchange.fault) {
      case 'reset_before':
        return lost
      case 'reset_after':
        this.#judge(exchange, request)
        return lost
      case 'no_answer':
        if (this.#chance.happens(0.5)) this.#judge(exchange, request)
        return null
      case 'gateway_page':
        if (this.#chance.happens(0.5)) this.#judge(exchange, request)
        return body(this.#chance.pick([502, 503, 504]), '<html>Bad gateway</html>')
      case 'garbage_body':
        if (this.#chance.happens(0.5)) this.#judge(exchange, request)
        return body(200, '<html>Welcome</html>')
      case 'too_many_requests':
        return body(429, 'Too many requests', this.#retryAfterMs())
      case 'internal_error':
        return body(500, '{"error":"Event request failed (Internal error, contact support@adjust.com)"}')
      case 'handled_late':
        this.#judge(exchange, request)
        return null
      default: {
        const { status, body: text } = wordAnswer(this.#judge(exchange, request), this.#world.answers)
        return body(status, text)
      }
    }
  }

  #retryAfterMs(): number | null {
    if (this.#time.nowMs < this.busyUntilMs) return this.#chance.between(200_000, 300_000)
    return this.#chance.pick([null, 0, 500, 3_000, 90_000, 300_000])
  }

  #judge(exchange: Exchange, { path, query, token }: OutgoingRequest): AnswerName {
    const request = readRequest(rawOf(path, query, token, this.#time.nowMs))
    const entry = this.truth.open('POST', path, this.#time.nowMs)
    const secret = this.adjust.app(exchange.appToken)?.secret
    this.truth.noteRequest(entry, request, findViolations(request, secret))
    const name = this.adjust.judge(request)
    entry.counted = isCounted(name)
    exchange.judged = name
    exchange.counted = entry.counted
    return name
  }
}

function rawOf(path: string, form: string, token: string | null, receivedAtMs: number) {
  const authorization = token === null ? undefined : `Bearer ${token}`
  return { path, query: '', form, authorization, sizeBytes: form.length, receivedAtMs }
}
