import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Random } from '../domain/clock.ts'
import { type Adjust, isCounted } from './adjust.ts'
import { type AnswerName, wordAnswer } from './answers.ts'
import { readBody, readWhatArrived } from './body.ts'
import { deliver, prepareDelivery } from './delivery.ts'
import { chooseFault, drawLatencyMs, isHandled } from './fault-choice.ts'
import type { Fault, KnownFaultPlan } from './fault-plan.ts'
import { requestRandom } from './prng.ts'
import { type EventRequest, readRequest } from './request.ts'
import type { Timers } from './timers.ts'
import { answerControl, isControlPath } from './truth-endpoint.ts'
import type { TruthEntry, TruthLog } from './truth-log.ts'
import { findViolations } from './violations.ts'
import type { KnownWorld } from './world.ts'

/** What the exchanges of a running simulator share. World and faults may change between two requests. */
export interface Stage {
  readonly seed: number
  readonly adjust: Adjust
  readonly log: TruthLog
  readonly timers: Timers
  world: KnownWorld
  faults: KnownFaultPlan
  /** Where the log and the clock stood when the fault plan was set. */
  faultsSetAt: { sequence: number; nowMs: number }
  /** Epoch milliseconds with fractions. */
  nowMs(): number
  isListening(): boolean
}

/** One request on its way through. */
interface Exchange {
  stage: Stage
  request: IncomingMessage
  response: ServerResponse
  query: string
  entry: TruthEntry
  fault: Fault | null
  random: Random
}

const ENDPOINTS = new Set(['/event', '/ad_revenue', '/session'])

/** Takes a request whose headers have just arrived, and sees it through. */
export function handleRequest(stage: Stage, request: IncomingMessage, response: ServerResponse): void {
  const arrivedAtMs = stage.nowMs()
  const [path, query] = splitUrl(request.url ?? '/')
  if (isControlPath(path)) return answerControl(request, response, stage.log.entries)
  const entry = stage.log.open(request.method ?? '', path, arrivedAtMs)
  const random = requestRandom(stage.seed, entry.sequence)
  const fault = chooseFault(stage.faults, positionOf(entry, stage), random)
  entry.fault = fault?.name ?? null
  const exchange = { stage, request, response, query, entry, fault, random }
  const handle = (form: string, bodyBytes: number) => finish(exchange, form, bodyBytes)
  const maxBytes = stage.world.max_request_bytes
  if (fault?.name === 'reset_before_reading') readWhatArrived(request, maxBytes, handle)
  else readBody(request, maxBytes, handle, () => noteGone(entry))
}

function splitUrl(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

function positionOf(entry: TruthEntry, { faultsSetAt }: Stage) {
  return { number: entry.sequence - faultsSetAt.sequence, elapsedMs: entry.arrivedAtMs - faultsSetAt.nowMs }
}

function finish(exchange: Exchange, form: string, bodyBytes: number): void {
  const { stage, entry, fault, random } = exchange
  const event = read(exchange, form, bodyBytes)
  // Counted first, answered later: a sender that gives up waiting cannot take the event back.
  const name = isHandled(fault, random) ? judge(exchange, event) : 'internalError'
  entry.counted = isCounted(name)
  const answer = wordAnswer(name, stage.world.answers)
  const delivery = prepareDelivery(fault, answer, entry.arrivedAtMs, random)
  if (delivery.answer) stage.log.noteAnswer(entry, delivery.answer.status, delivery.answer.message)
  afterLatency(exchange, () => {
    const closing = stage.isListening() ? {} : { connection: 'close' }
    const headers = { ...delivery.headers, ...closing }
    deliver(exchange.response, { ...delivery, headers }, fault, stage.timers)
  })
}

function read({ stage, request, query, entry }: Exchange, form: string, bodyBytes: number): EventRequest {
  const event = readRequest({
    path: entry.path,
    query,
    form,
    authorization: request.headers.authorization,
    sizeBytes: (request.url?.length ?? 0) + bodyBytes,
    receivedAtMs: entry.arrivedAtMs,
  })
  if (ENDPOINTS.has(event.path) && event.parameters.size > 0) {
    const secret = stage.adjust.app(event.parameters.get('app_token') ?? '')?.secret
    stage.log.noteRequest(entry, event, findViolations(event, secret))
  }
  return event
}

function judge({ stage, request }: Exchange, event: EventRequest): AnswerName {
  if (!ENDPOINTS.has(event.path)) return 'endpointUnknown'
  if (request.method !== 'GET' && request.method !== 'POST') return 'methodNotAllowed'
  return stage.adjust.judge(event)
}

function afterLatency({ stage, response, entry, fault, random }: Exchange, send: () => void): void {
  const extraMs = fault?.name === 'slow_answer' ? fault.delay_ms : 0
  const delayMs = drawLatencyMs(stage.faults.latency_ms, random) + extraMs
  if (delayMs > 0) response.on('close', () => response.writableFinished || noteGone(entry))
  stage.timers.after(delayMs, send)
}

function noteGone(entry: TruthEntry): void {
  entry.fault ??= 'client_gone'
}
