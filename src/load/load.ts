import type { Clock, Random } from '../domain/clock.ts'
import type { Event } from '../domain/event.ts'
import type { Reason } from '../domain/reason.ts'
import type { Settlement } from '../domain/settlement.ts'
import type { Answer } from './answer.ts'
import { Availability } from './availability.ts'
import { classify, type Finding, type Verdict } from './classify.ts'
import { AdaptiveConcurrency } from './concurrency.ts'
import { type Decision, decide, type InDoubtPolicy } from './decide.ts'
import { Gate } from './gate.ts'
import type { Journal } from './journal.ts'
import { Ordering, type Ticket } from './ordering.ts'
import { Queue } from './queue.ts'
import { RateLimit } from './rate.ts'
import { backoffMs, RetryQuota } from './retry.ts'
import { type Conclusion, outcomeOf, settledRow, unsent, unsettledRow } from './rows.ts'
import type { Transport } from './transport.ts'

export interface LoadRules {
  runId: string
  requestsPerSecond: number
  /** Most requests in flight. */
  concurrency: number
  /** Requests for one event in one run that Adjust may answer with an error worth a retry. */
  maxAttempts: number
  /** Events admitted and not settled: what is held in memory, and how far parallelism can look ahead. */
  windowEvents: number
  deviceNotFoundRetryDays: number
  inDoubt: { revenue: InDoubtPolicy; other: InDoubtPolicy }
  /** What an answer about a missing or wrong authentication token does while Adjust still counts the event. */
  unauthenticated: 'stop' | 'allow'
  /** Whether audit rows carry identifiers in plain text. */
  plainIdentifiers: boolean
}

export interface LoadParts {
  clock: Clock
  random: Random
  journal: Journal
  transport: Transport
  /** Bearer token of an app; null when none is configured. */
  tokenFor: (appToken: string) => string | null
  nextAuditId: () => string
  onSettled: (settlement: Settlement) => void
}

export interface LoadProgress {
  open: number
  inFlight: number
  requests: number
  retries: number
}

/** A request between its intent and its outcome. */
interface Sending {
  ticket: Ticket
  auditId: string
  segment: number
  sentAtMs: number
  startedAt: number
  wasFull: boolean
}

const DAY_MS = 86_400_000
/** A full window is refilled when it has fallen to this share, so that the reader is woken seldom. */
const REFILL_BELOW = 0.75
/** Each held device keeps its ordering keys until the run ends; past this many (some 100 MB) the next run does better. */
const HELD_DEVICES_MAX = 250_000

/**
 * Delivers events: in the order that Adjust demands, at the set rate, each intent durable before its request leaves, each answer
 * classified. Everything that is admitted is settled exactly once, at the latest when `drain` resolves.
 */
export class Load {
  readonly #rules: LoadRules
  readonly #parts: LoadParts
  readonly #ordering = new Ordering()
  readonly #gate = new Gate()
  readonly #availability = new Availability()
  readonly #quota = new RetryQuota()
  readonly #rate: RateLimit
  readonly #concurrency: AdaptiveConcurrency
  readonly #ready = new Queue<Ticket>()
  /** Events whose app or token still waits for its scout's answer. */
  #parked: Ticket[] = []
  /** Events that wait for a retry, with what cancels the wait. */
  readonly #retrying = new Map<Ticket, () => void>()
  /** Requests whose intent is not durable yet. */
  readonly #starting = new Set<Sending>()
  /** Durable, but the rate does not let them leave yet. */
  readonly #leaving = new Queue<Sending>()
  readonly #waiters: { until: () => boolean; resolve: () => void }[] = []
  #open = 0
  #inFlight = 0
  #requests = 0
  #retries = 0
  #stopped: Reason | null = null
  #pumping = false
  #cancelWake: (() => void) | null = null
  #cancelLeave: (() => void) | null = null

  constructor(rules: LoadRules, parts: LoadParts) {
    this.#rules = rules
    this.#parts = parts
    this.#rate = new RateLimit(rules.requestsPerSecond)
    this.#concurrency = new AdaptiveConcurrency(rules.concurrency)
    parts.journal.onFailure = () => this.#journalFailed()
  }

  /** Why nothing more is sent; null while sending goes on. */
  get stopped(): Reason | null {
    return this.#stopped
  }

  /** Apps and event tokens that Adjust refused, with the reason. */
  get refused(): { name: string; reason: Reason }[] {
    return this.#gate.stops()
  }

  get progress(): LoadProgress {
    return { open: this.#open, inFlight: this.#inFlight, requests: this.#requests, retries: this.#retries }
  }

  /** Whether another event may be admitted. */
  get hasRoom(): boolean {
    return this.#open < this.#rules.windowEvents
  }

  /** Resolves when a good part of the window is free again, or when sending has stopped. */
  room(): Promise<void> {
    return this.#until(() => this.#open <= this.#rules.windowEvents * REFILL_BELOW || this.#stopped !== null)
  }

  /** Takes an event, in (`occurred_at`, `transaction_id`) order. */
  admit(event: Event): void {
    const { ticket, waitsFor } = this.#ordering.admit(event)
    this.#open++
    if (waitsFor !== null)
      this.#record(ticket, unsent('deferred', this.#stopped ?? 'waits_for_earlier', waitsFor))
    else if (ticket.blockers === 0) this.#ready.push(ticket)
    this.#pump()
  }

  /** Takes an event that this run must not send, nor any later one that shares an ordering key with it. */
  hold(event: Event, status: 'in_doubt' | 'deferred', reason: Reason, message: string | null): void {
    const { ticket, waitsFor } = this.#ordering.admit(event)
    this.#open++
    if (waitsFor === null) this.#ordering.hold(ticket)
    this.#record(ticket, unsent(status, reason, message))
    this.#pump()
  }

  /** Resolves when everything that was admitted is settled. */
  drain(): Promise<void> {
    return this.#until(() => this.#open === 0)
  }

  /** No new request leaves; answers under way are awaited; everything else is deferred to the next run. */
  stop(reason: Reason): void {
    if (this.#stopped !== null) return
    this.#stopped = reason
    for (const [ticket, cancel] of this.#retrying) {
      cancel()
      this.#ready.push(ticket)
    }
    this.#retrying.clear()
    this.#unpark()
    this.#leave()
    this.#pump()
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    for (let ticket = this.#ready.peek(); ticket !== undefined; ticket = this.#ready.peek()) {
      if (this.#stopped === null && !this.#mayStart()) break
      this.#ready.shift()
      if (ticket.state === 'open') this.#consider(ticket)
    }
    this.#pumping = false
    this.#wakeWaiters()
  }

  #mayStart(): boolean {
    if (this.#inFlight >= this.#concurrency.limit) return false
    const now = this.#parts.clock.monotonic()
    const waitMs = Math.max(this.#availability.waitMs(now, this.#inFlight), this.#rate.turnWaitMs(now))
    if (waitMs > 0) this.#wakeAfter(waitMs)
    return waitMs === 0
  }

  #consider(ticket: Ticket): void {
    if (this.#stopped !== null) return this.#defer(ticket, this.#stopped)
    if (this.#isExpired(ticket)) return this.#settle(ticket, unsent('expired', 'too_old'))
    const passage = this.#gate.pass(ticket.event)
    if (passage.kind === 'stopped') this.#defer(ticket, passage.reason)
    else if (passage.kind === 'wait') this.#parked.push(ticket)
    else this.#start(ticket)
  }

  #start(ticket: Ticket): void {
    const now = this.#parts.clock.monotonic()
    this.#rate.takeTurn(now)
    this.#availability.started()
    this.#inFlight++
    ticket.requests++
    const auditId = this.#parts.nextAuditId()
    const sentAtMs = this.#parts.clock.now()
    const wasFull = this.#inFlight >= this.#concurrency.limit
    const sending: Sending = { ticket, auditId, segment: 0, sentAtMs, startedAt: now, wasFull }
    this.#starting.add(sending)
    const row = unsettledRow(ticket, this.#rules, auditId)
    sending.segment = this.#parts.journal.intent({ ...row, sentAtMs }, () => {
      this.#starting.delete(sending)
      this.#leaving.push(sending)
      this.#leave()
    })
  }

  /** Sends what is durable, as far as the rate allows: the last look at everything that may have changed since the turn was taken. */
  #leave(): void {
    for (let sending = this.#leaving.peek(); sending !== undefined; sending = this.#leaving.peek()) {
      if (this.#stopped !== null || this.#isExpired(sending.ticket)) {
        this.#leaving.shift()
        this.#withdraw(sending)
        this.#pump()
        continue
      }
      const waitMs = this.#rate.leave(this.#parts.clock.monotonic())
      if (waitMs > 0) return this.#leaveAfter(waitMs)
      this.#leaving.shift()
      this.#send(sending)
    }
  }

  #send(sending: Sending): void {
    const { event } = sending.ticket
    sending.sentAtMs = this.#parts.clock.now()
    sending.startedAt = this.#parts.clock.monotonic()
    sending.ticket.firstSentAtMs ??= sending.sentAtMs
    this.#requests++
    const request = { path: event.path, query: event.query, token: this.#parts.tokenFor(event.appToken) }
    this.#parts.transport.send(request, (answer) => this.#answered(sending, answer))
  }

  #answered(sending: Sending, answer: Answer): void {
    const { ticket } = sending
    const now = this.#parts.clock.monotonic()
    const latencyMs = now - sending.startedAt
    const verdict = classify(answer)
    this.#inFlight--
    this.#observe(sending, answer, verdict, latencyMs, now)
    this.#conclude(sending, verdict, latencyMs)
    if (this.#gate.returned(ticket.event, provesToken(verdict))) this.#unpark()
    this.#pump()
  }

  /** What the answer says about Adjust as a whole, whatever becomes of the event. */
  #observe(sending: Sending, answer: Answer, verdict: Verdict, latencyMs: number, now: number): void {
    const { finding } = verdict
    if (answer.kind === 'answered') this.#concurrency.answered(latencyMs, sending.wasFull, now)
    if (finding.kind === 'retry' && finding.reason === 'rate_limited') {
      this.#concurrency.overloaded(now)
      this.#availability.pause(now + (finding.retryAfterMs ?? backoffMs(1, null, this.#parts.random)))
    }
    if (finding.kind !== 'retry' && finding.kind !== 'in_doubt') {
      this.#availability.answered()
      this.#quota.earn()
    } else if (this.#availability.failed(now)) this.stop('adjust_unavailable')
    this.#stopWhatIsRefused(sending.ticket.event, verdict)
  }

  #stopWhatIsRefused(event: Event, { finding, stops }: Verdict): void {
    const reason = 'reason' in finding ? finding.reason : null
    if (stops === 'token' || stops === 'app') {
      this.#gate.stop(event, stops, stops === 'app' ? 'app_stopped' : 'token_stopped')
    } else if (
      stops === 'run' &&
      !(reason === 'ok_unauthenticated' && this.#rules.unauthenticated === 'allow')
    ) {
      this.stop('credentials_refused')
    }
    if (finding.kind === 'settled') this.#gate.countOutcome(event, finding.status === 'rejected')
  }

  #conclude(sending: Sending, { finding, httpStatus, message }: Verdict, latencyMs: number): void {
    const { ticket } = sending
    if (finding.kind === 'retry' && finding.reason !== 'not_sent') ticket.failures++
    const decision = decide(finding, this.#circumstances(ticket))
    const status = decision.kind === 'retry' ? 'retried' : decision.status
    const rest = { httpStatus, message, latencyMs: Math.round(latencyMs), warnings: warningsOf(finding) }
    const conclusion: Conclusion = { ...rest, status, reason: decision.reason }
    if (decision.kind === 'settle') this.#settle(ticket, conclusion, sending)
    else if (decision.kind === 'hold') this.#hold(ticket, conclusion, sending)
    else this.#retry(sending, decision, conclusion)
  }

  #circumstances(ticket: Ticket) {
    const { inDoubt, maxAttempts, deviceNotFoundRetryDays } = this.#rules
    const unknownSince =
      ticket.event.earlier?.firstSentAtMs ?? ticket.firstSentAtMs ?? Number.POSITIVE_INFINITY
    return {
      inDoubtPolicy: ticket.event.revenue === null ? inDoubt.other : inDoubt.revenue,
      isUnknownTooLong: this.#parts.clock.now() - unknownSince >= deviceNotFoundRetryDays * DAY_MS,
      failures: ticket.failures,
      maxAttempts,
      stopped: this.#stopped,
      spendRetry: () => this.#quota.spend(),
    }
  }

  #retry(sending: Sending, decision: Extract<Decision, { kind: 'retry' }>, conclusion: Conclusion): void {
    const { ticket } = sending
    this.#retries++
    this.#recordSent(sending, conclusion)
    const delayMs = backoffMs(Math.max(1, ticket.failures), decision.retryAfterMs, this.#parts.random)
    const cancel = this.#parts.clock.after(delayMs, () => {
      this.#retrying.delete(ticket)
      this.#ready.push(ticket)
      this.#pump()
    })
    this.#retrying.set(ticket, cancel)
  }

  /** Later events of the device may go. */
  #settle(ticket: Ticket, conclusion: Conclusion, sending: Sending | null = null): void {
    this.#write(ticket, conclusion, sending)
    for (const next of this.#ordering.settle(ticket)) this.#ready.push(next)
  }

  /** Later events of the device wait for another run. */
  #hold(ticket: Ticket, conclusion: Conclusion, sending: Sending | null = null): void {
    const blocked = this.#ordering.hold(ticket)
    this.#write(ticket, conclusion, sending)
    for (const later of blocked) {
      this.#record(later.ticket, unsent('deferred', this.#stopped ?? 'waits_for_earlier', later.waitsFor))
    }
    if (this.#ordering.heldDevices > HELD_DEVICES_MAX) this.stop('too_many_waiting')
  }

  /** Unsent because nothing, or nothing of its app or token, is sent any more. */
  #defer(ticket: Ticket, reason: Reason, sending: Sending | null = null): void {
    const conclusion = unsent('deferred', reason)
    // Later events meet the same refusal, but for those with revenue under another token: they have to be kept behind this one.
    const restMeetsTheSame =
      this.#stopped !== null || reason === 'app_stopped' || ticket.event.revenue === null
    if (restMeetsTheSame) this.#settle(ticket, conclusion, sending)
    else this.#hold(ticket, conclusion, sending)
  }

  /** Its intent is durable but its request does not leave. */
  #withdraw(sending: Sending): void {
    this.#inFlight--
    sending.ticket.requests--
    if (this.#gate.returned(sending.ticket.event, false)) this.#unpark()
    if (this.#stopped !== null) this.#defer(sending.ticket, this.#stopped, sending)
    else this.#settle(sending.ticket, unsent('expired', 'too_old'), sending)
  }

  /** Intents that did not become durable never will: their requests were not sent. */
  #journalFailed(): void {
    const starting = [...this.#starting]
    this.#starting.clear()
    this.stop('run_stopped')
    for (const { ticket } of starting) {
      this.#inFlight--
      ticket.requests--
      this.#defer(ticket, 'run_stopped')
    }
    this.#pump()
  }

  #write(ticket: Ticket, conclusion: Conclusion, sending: Sending | null): void {
    if (sending === null) return this.#record(ticket, conclusion)
    this.#recordSent(sending, conclusion)
    this.#open--
  }

  #record(ticket: Ticket, conclusion: Conclusion): void {
    this.#open--
    const unsettled = unsettledRow(ticket, this.#rules, this.#parts.nextAuditId())
    const row = settledRow(unsettled, conclusion, this.#parts.clock.now())
    this.#parts.onSettled({ row, earlier: ticket.event.earlier, journalSegment: null })
  }

  #recordSent({ ticket, auditId, sentAtMs, segment }: Sending, conclusion: Conclusion): void {
    const unsettled = { ...unsettledRow(ticket, this.#rules, auditId), sentAtMs }
    const row = settledRow(unsettled, conclusion, this.#parts.clock.now())
    this.#parts.journal.outcome(outcomeOf(row, sentAtMs))
    this.#parts.onSettled({ row, earlier: ticket.event.earlier, journalSegment: segment })
  }

  #isExpired(ticket: Ticket): boolean {
    return this.#parts.clock.now() >= ticket.event.expiresAtMs
  }

  /** What waited for a scout is looked at again; what may still not go is parked again. */
  #unpark(): void {
    if (this.#parked.length === 0) return
    const parked = this.#parked
    this.#parked = []
    for (const ticket of parked) this.#ready.push(ticket)
  }

  #wakeAfter(delayMs: number): void {
    this.#cancelWake?.()
    // While a probe is out there is nothing to wait for but its answer.
    this.#cancelWake = Number.isFinite(delayMs) ? this.#parts.clock.after(delayMs, () => this.#pump()) : null
  }

  #leaveAfter(delayMs: number): void {
    this.#cancelLeave?.()
    this.#cancelLeave = this.#parts.clock.after(delayMs, () => this.#leave())
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ until: condition, resolve }))
  }

  #wakeWaiters(): void {
    for (let index = this.#waiters.length - 1; index >= 0; index--) {
      if (this.#waiters[index]!.until()) this.#waiters.splice(index, 1)[0]!.resolve()
    }
  }
}

/** Adjust looked at the event itself, so it knows the app and the token. */
function provesToken({ finding, stops }: Verdict): boolean {
  return stops === null && finding.kind !== 'retry' && finding.kind !== 'in_doubt'
}

function warningsOf(finding: Finding): string[] {
  return finding.kind === 'settled' && finding.reason === 'ok_unauthenticated' ? ['unauthenticated'] : []
}
