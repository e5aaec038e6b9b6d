import type { Clock, Random } from '../domain/clock.ts'
import { MS_PER_DAY } from '../domain/durations.ts'
import type { Event } from '../domain/event.ts'
import type { InDoubtPolicy } from '../domain/policy.ts'
import type { Reason } from '../domain/reason.ts'
import type { Settlement } from '../domain/settlement.ts'
import { AdjustHealth, type HealthRules } from './adjust-health.ts'
import type { Answer } from './answer.ts'
import { classify, type Finding, type Verdict } from './classify.ts'
import { type Decision, decide } from './decide.ts'
import type { Journal } from './journal.ts'
import { Ordering, type Ticket } from './ordering.ts'
import { Queue } from './queue.ts'
import { backoffMs } from './retry.ts'
import { type Conclusion, keepDoubt, outcomeOf, settledRow, unsent, unsettledRow } from './rows.ts'
import { Sender, type SenderParts, type SenderRules, type Sending } from './sender.ts'

export interface LoadRules extends SenderRules, HealthRules {
  /** Requests for one event in one run that Adjust may answer with an error worth a retry. */
  maxAttempts: number
  /** Events admitted and not settled: what is held in memory, and how far parallelism can look ahead. */
  windowEvents: number
  deviceNotFoundRetryDays: number
  inDoubt: { revenue: InDoubtPolicy; other: InDoubtPolicy }
}

export interface LoadParts extends SenderParts {
  clock: Clock
  random: Random
  journal: Journal
  /** Whether this process still has the right to send; once it says no, the run stops sending for good. */
  isLeaseHeld: () => boolean
  onSettled: (settlement: Settlement) => void
}

export interface LoadProgress {
  open: number
  inFlight: number
  requests: number
  retries: number
  /** Milliseconds for which nothing is sent because Adjust is down or said Retry-After. */
  pauseMs: number
}

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
  readonly #health: AdjustHealth
  readonly #sender: Sender
  readonly #ready = new Queue<Ticket>()
  /** Events whose app or token still waits for its scout's answer. */
  #parked: Ticket[] = []
  /** Events that wait for a retry, with what cancels the wait. */
  readonly #retrying = new Map<Ticket, () => void>()
  readonly #waiters: { until: () => boolean; resolve: () => void }[] = []
  #open = 0
  #retries = 0
  #stopped: Reason | null = null
  #lastFailure: string | null = null
  #pumping = false
  #wakeAt = Number.POSITIVE_INFINITY
  #cancelWake: (() => void) | null = null

  constructor(rules: LoadRules, parts: LoadParts) {
    this.#rules = rules
    this.#parts = parts
    this.#health = new AdjustHealth(rules, parts.random)
    this.#sender = new Sender(rules, parts, {
      mayLeave: (ticket) => this.#stopped === null && parts.isLeaseHeld() && !this.#isExpired(ticket),
      onAnswer: (sending, answer) => this.#answered(sending, answer),
      onWithdrawn: (sending) => this.#withdrawn(sending),
    })
    parts.journal.onFailure = () => this.#journalFailed()
  }

  /** Why nothing more is sent; null while sending goes on. */
  get stopped(): Reason | null {
    return this.#stopped
  }

  /** What the newest request that failed met; null when none did. */
  get lastFailure(): string | null {
    return this.#lastFailure
  }

  /** Apps and event tokens that Adjust refused, with the reason. */
  get refused(): { name: string; reason: Reason }[] {
    return this.#health.refused
  }

  get progress(): LoadProgress {
    const { inFlight, requests } = this.#sender
    const pauseMs = this.#health.pauseMs(this.#parts.clock.monotonic())
    return { open: this.#open, inFlight, requests, retries: this.#retries, pauseMs }
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
    this.#boundHeldDevices()
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
    this.#sender.leave()
    this.#pump()
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      this.#startReady()
    } finally {
      this.#pumping = false
    }
    // A timer that nobody needs would keep the process alive, for minutes after a long Retry-After.
    if (this.#ready.length === 0) this.#cancelWakeUp()
    this.#wakeWaiters()
  }

  #startReady(): void {
    for (let ticket = this.#ready.peek(); ticket !== undefined; ticket = this.#ready.peek()) {
      if (this.#stopped === null && !this.#mayStart()) break
      this.#ready.shift()
      if (ticket.state === 'open') this.#consider(ticket)
    }
  }

  #mayStart(): boolean {
    const now = this.#parts.clock.monotonic()
    const waitMs = Math.max(this.#health.waitMs(now, this.#sender.inFlight), this.#sender.turnWaitMs(now))
    if (waitMs > 0) this.#wakeAfter(waitMs, now)
    return waitMs === 0
  }

  #consider(ticket: Ticket): void {
    const stopped = this.#whyStopped()
    if (stopped !== null) return this.#defer(ticket, stopped)
    if (this.#isExpired(ticket)) return this.#settle(ticket, unsent('expired', 'too_old'))
    if (this.#ordering.isOptedOut(ticket))
      return this.#settle(ticket, unsent('suppressed', 'device_opted_out_before'))
    const passage = this.#health.pass(ticket.event)
    if (passage.kind === 'stopped') this.#defer(ticket, passage.reason)
    else if (passage.kind === 'wait') this.#parked.push(ticket)
    else this.#start(ticket)
  }

  /** Asks the lease itself: a process that was paused may come by here before the timer that would tell it. */
  #whyStopped(): Reason | null {
    if (!this.#parts.isLeaseHeld()) this.stop('lease_lost')
    return this.#stopped
  }

  #start(ticket: Ticket): void {
    const isLastFree = this.#health.isFull(this.#sender.inFlight + 1)
    this.#sender.start(ticket, this.#parts.clock.monotonic(), isLastFree)
  }

  #answered(sending: Sending, answer: Answer): void {
    const { event } = sending.ticket
    const now = this.#parts.clock.monotonic()
    const latencyMs = now - sending.startedAt
    const verdict = classify(answer)
    const answered = answer.kind === 'answered'
    if (!answered || verdict.finding.kind === 'retry') this.#lastFailure = verdict.message
    const stop = this.#health.learn({ event, verdict, answered, latencyMs, wasFull: sending.wasFull, now })
    if (stop !== null) this.stop(stop)
    this.#conclude(sending, verdict, latencyMs)
    if (this.#health.returned(event, verdict)) this.#unpark()
    this.#pump()
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
      isUnknownTooLong: this.#parts.clock.now() - unknownSince >= deviceNotFoundRetryDays * MS_PER_DAY,
      failures: ticket.failures,
      maxAttempts,
      stopped: this.#stopped,
      spendRetry: () => this.#health.spendRetry(),
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
    if (conclusion.reason === 'device_opted_out') this.#ordering.optOut(ticket)
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
    this.#boundHeldDevices()
  }

  #boundHeldDevices(): void {
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

  /** Its intent is durable, but it was too late for its request. */
  #withdrawn(sending: Sending): void {
    const { ticket } = sending
    if (this.#health.returned(ticket.event, null)) this.#unpark()
    const stopped = this.#whyStopped()
    if (stopped !== null) this.#defer(ticket, stopped, sending)
    else this.#settle(ticket, unsent('expired', 'too_old'), sending)
    this.#pump()
  }

  #journalFailed(): void {
    const unsentTickets = this.#sender.abandon().map(({ ticket }) => ticket)
    this.stop('run_stopped')
    for (const ticket of unsentTickets) this.#defer(ticket, 'run_stopped')
    this.#pump()
  }

  #write(ticket: Ticket, conclusion: Conclusion, sending: Sending | null): void {
    if (sending === null) return this.#record(ticket, conclusion)
    this.#recordSent(sending, conclusion)
    this.#open--
  }

  #record(ticket: Ticket, conclusion: Conclusion): void {
    this.#open--
    const { earlier } = ticket.event
    const unsettled = unsettledRow(ticket, this.#rules, this.#parts.nextAuditId())
    const row = settledRow(unsettled, keepDoubt(conclusion, earlier), this.#parts.clock.now())
    this.#parts.onSettled({ row, earlier, journalSegment: null })
  }

  #recordSent({ ticket, auditId, sentAtMs, segment }: Sending, conclusion: Conclusion): void {
    const { earlier } = ticket.event
    const unsettled = { ...unsettledRow(ticket, this.#rules, auditId), sentAtMs }
    const row = settledRow(unsettled, keepDoubt(conclusion, earlier), this.#parts.clock.now())
    this.#parts.journal.outcome(outcomeOf(row))
    this.#parts.onSettled({ row, earlier, journalSegment: segment })
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

  /** With an infinite delay there is nothing to wait for but an answer, and each answer pumps. */
  #wakeAfter(delayMs: number, now: number): void {
    if (now + delayMs >= this.#wakeAt) return
    this.#cancelWakeUp()
    this.#wakeAt = now + delayMs
    this.#cancelWake = this.#parts.clock.after(delayMs, () => {
      this.#cancelWakeUp()
      this.#pump()
    })
  }

  #cancelWakeUp(): void {
    this.#cancelWake?.()
    this.#cancelWake = null
    this.#wakeAt = Number.POSITIVE_INFINITY
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

function warningsOf(finding: Finding): string[] {
  return finding.kind === 'settled' && finding.reason === 'ok_unauthenticated' ? ['unauthenticated'] : []
}
