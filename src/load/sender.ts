import type { Clock } from '../domain/clock.ts'
import type { Answer } from './answer.ts'
import type { Journal } from './journal.ts'
import { type Linked, LinkedList } from './linked-list.ts'
import type { Ticket } from './ordering.ts'
import { Queue } from './queue.ts'
import { RateLimit } from './rate.ts'
import { unsettledRow } from './rows.ts'
import type { Transport } from './transport.ts'

/** A request between its intent and its outcome. */
export interface Sending extends Linked {
  ticket: Ticket
  auditId: string
  /** The journal segment of its intent. */
  segment: number
  /** Epoch milliseconds of its first byte; null as long as it has not left. */
  sentAtMs: number | null
  /** Monotonic milliseconds of the same, until then of its turn. */
  startedAt: number
  wasFull: boolean
  /** It was handed over, and taken back before its first byte. */
  takenBack: boolean
}

export interface SenderRules {
  runId: string
  requestsPerSecond: number
  /** Monotonic milliseconds: no request starts before. */
  sendsFrom?: number
}

export interface SenderParts {
  clock: Clock
  journal: Pick<Journal, 'intent'>
  transport: Transport
  /** Bearer token of an app; null when none is configured. */
  tokenFor: (appToken: string) => string | null
  nextAuditId: () => string
}

/** Each sending that is started ends in exactly one of the last two, or is answered by `abandon`. */
export interface SenderCallbacks {
  /** The last look before a request leaves. */
  mayLeave: (ticket: Ticket) => boolean
  onAnswer: (sending: Sending, answer: Answer) => void
  /** Its intent is durable, but its request did not leave. */
  onWithdrawn: (sending: Sending) => void
}

/** The way of a request: a turn of the rate, a durable intent, the last look, the wire. */
export class Sender {
  readonly #rules: SenderRules
  readonly #parts: SenderParts
  readonly #callbacks: SenderCallbacks
  readonly #rate: RateLimit
  /** Requests whose intent is not durable yet. */
  readonly #starting = new LinkedList<Sending>()
  /** Durable, but the rate does not let them leave yet. */
  readonly #leaving = new Queue<Sending>()
  /** As many are handed over as may start within a second: one of them has to start or fail first. */
  #isBlocked = false
  #inFlight = 0
  #requests = 0
  #cancelLeave: (() => void) | null = null

  constructor(rules: SenderRules, parts: SenderParts, callbacks: SenderCallbacks) {
    this.#rules = rules
    this.#parts = parts
    this.#callbacks = callbacks
    this.#rate = new RateLimit(rules.requestsPerSecond, rules.sendsFrom)
  }

  /** Requests that were started and have not ended. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Requests that left. */
  get requests(): number {
    return this.#requests
  }

  /** Milliseconds until the rate lets another request start. */
  turnWaitMs(now: number): number {
    return this.#rate.turnWaitMs(now)
  }

  /** Starts a request whose turn has come: its intent goes to the journal, and it leaves when that is durable. */
  start(ticket: Ticket, now: number, wasFull: boolean): void {
    this.#rate.takeTurn(now)
    this.#inFlight++
    ticket.requests++
    const auditId = this.#parts.nextAuditId()
    const sending: Sending = {
      ticket,
      auditId,
      segment: 0,
      sentAtMs: null,
      startedAt: now,
      wasFull,
      takenBack: false,
      previous: null,
      next: null,
    }
    this.#starting.push(sending)
    const intent = { ...unsettledRow(ticket, this.#rules, auditId), sentAtMs: this.#parts.clock.now() }
    sending.segment = this.#parts.journal.intent(intent, () => {
      this.#starting.delete(sending)
      this.#leaving.push(sending)
      this.leave()
    })
  }

  /** Sends what is durable as far as the rate allows, and withdraws what may not leave any more. */
  leave(): void {
    this.#cancelLeave?.()
    this.#cancelLeave = null
    for (let sending = this.#leaving.peek(); sending !== undefined; sending = this.#leaving.peek()) {
      const mayLeave = this.#callbacks.mayLeave(sending.ticket)
      const waitMs = mayLeave ? this.#rate.leaveWaitMs(this.#parts.clock.monotonic()) : 0
      if (waitMs > 0) return this.#leaveAfter(waitMs)
      this.#leaving.shift()
      if (mayLeave) this.#send(sending)
      else this.#callbacks.onWithdrawn(this.#neverSent(sending))
    }
  }

  /** The journal has failed: what is not durable by now never will be, so it is not sent. Answers those requests. */
  abandon(): Sending[] {
    const abandoned: Sending[] = []
    for (let sending = this.#starting.shift(); sending !== null; sending = this.#starting.shift())
      abandoned.push(this.#neverSent(sending))
    return abandoned
  }

  #send(sending: Sending): void {
    const { clock, transport, tokenFor } = this.#parts
    const { event } = sending.ticket
    const request = { path: event.path, query: event.query, token: tokenFor(event.appToken) }
    this.#rate.handOver()
    // A connection may be made first, and the process be paused meanwhile: the lease, the age and a stop are looked at once more.
    const mayStart = () => {
      sending.takenBack = !this.#callbacks.mayLeave(sending.ticket)
      return !sending.takenBack
    }
    const onStart = () => {
      this.#requests++
      sending.sentAtMs = clock.now()
      sending.startedAt = clock.monotonic()
      sending.ticket.firstSentAtMs ??= sending.sentAtMs
      this.#rate.started(sending.startedAt)
      this.#leaveIfBlocked()
    }
    const onAnswer = (answer: Answer) => {
      if (sending.takenBack) this.#neverSent(sending)
      else this.#inFlight--
      if (sending.sentAtMs === null) this.#rate.neverStarted()
      this.#leaveIfBlocked()
      if (sending.takenBack) this.#callbacks.onWithdrawn(sending)
      else this.#callbacks.onAnswer(sending, answer)
    }
    transport.send(request, { mayStart, onStart, onAnswer })
  }

  #neverSent(sending: Sending): Sending {
    this.#inFlight--
    sending.ticket.requests--
    return sending
  }

  #leaveIfBlocked(): void {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.leave()
  }

  #leaveAfter(delayMs: number): void {
    this.#isBlocked = !Number.isFinite(delayMs)
    this.#cancelLeave?.()
    if (this.#isBlocked) return
    this.#cancelLeave = this.#parts.clock.after(delayMs, () => this.leave())
  }
}
