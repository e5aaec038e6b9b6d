import type { Random } from '../domain/clock.ts'
import type { Event } from '../domain/event.ts'
import type { Reason } from '../domain/reason.ts'
import { Availability } from './availability.ts'
import type { Verdict } from './classify.ts'
import { AdaptiveConcurrency } from './concurrency.ts'
import { Gate, type Passage } from './gate.ts'
import { backoffMs, RetryQuota } from './retry.ts'

export interface HealthRules {
  /** Most requests in flight. */
  concurrency: number
  /** What an answer about a missing or wrong authentication token does while Adjust still counts the event. */
  unauthenticated: 'stop' | 'allow'
}

/** One answer, or the lack of one, as it bears on all the others. `now` is monotonic milliseconds. */
export interface Observation {
  event: Event
  verdict: Verdict
  /** A whole answer came, whatever it said. */
  answered: boolean
  latencyMs: number
  /** The limit was what kept more requests from being in flight. */
  wasFull: boolean
  now: number
}

/** So many 429 without another answer between them are a limit that has been reached, not a single server that is busy. */
const LIMITED_TO_PAUSE = 3

/**
 * What the run knows of Adjust: how much it takes at once, whether it is up, and which apps and tokens it refuses. Pure but for the
 * jitter of a pause; each part is a rule of its own.
 */
export class AdjustHealth {
  readonly #rules: HealthRules
  readonly #random: Random
  readonly #availability: Availability
  readonly #gate = new Gate()
  readonly #quota = new RetryQuota()
  readonly #concurrency: AdaptiveConcurrency
  #limitedInARow = 0

  constructor(rules: HealthRules, random: Random) {
    this.#rules = rules
    this.#random = random
    this.#availability = new Availability(random)
    this.#concurrency = new AdaptiveConcurrency(rules.concurrency)
  }

  /** Apps and event tokens that Adjust refused, with the reason. */
  get refused(): { name: string; reason: Reason }[] {
    return this.#gate.stops()
  }

  isFull(inFlight: number): boolean {
    return inFlight >= this.#concurrency.limit
  }

  /** Milliseconds for which nothing is sent because Adjust is down or said Retry-After; 0 when it is taken to be up. */
  pauseMs(now: number): number {
    return this.#availability.pauseMs(now)
  }

  /** Milliseconds until a request may start; Infinity when an answer has to come first. */
  waitMs(now: number, inFlight: number): number {
    return this.isFull(inFlight) ? Number.POSITIVE_INFINITY : this.#availability.waitMs(now, inFlight)
  }

  /** Whether the app and the token of an event let it through; with `go` it has to be started. */
  pass(event: Event): Passage {
    const passage = this.#gate.pass(event)
    if (passage.kind === 'go') this.#availability.started()
    return passage
  }

  /** The request of an event is over; without a verdict it never left. True when events that waited for it may go now. */
  returned(event: Event, verdict: Verdict | null): boolean {
    return this.#gate.returned(event, verdict !== null && provesToken(verdict))
  }

  spendRetry(): boolean {
    return this.#quota.spend()
  }

  /** Takes in what came back; answers why the whole run has to stop, or null. */
  learn(observation: Observation): Reason | null {
    const { event, verdict, answered, latencyMs, wasFull, now } = observation
    const { finding } = verdict
    if (answered) this.#concurrency.answered(latencyMs, wasFull, now)
    if (finding.kind === 'retry' && finding.reason === 'rate_limited')
      this.#slowDown(finding.retryAfterMs, now)
    else if (answered) this.#limitedInARow = 0
    if (finding.kind === 'retry' || finding.kind === 'in_doubt') {
      return this.#availability.failed(now) ? 'adjust_unavailable' : null
    }
    this.#availability.answered()
    this.#quota.earn()
    return this.#heedRefusal(event, verdict)
  }

  /** The event itself waits for its Retry-After in any case; a server that refuses one after the other means the whole sender. */
  #slowDown(retryAfterMs: number | null, now: number): void {
    this.#concurrency.overloaded(now)
    this.#limitedInARow++
    if (this.#limitedInARow < LIMITED_TO_PAUSE) return
    this.#availability.pause(now + (retryAfterMs ?? backoffMs(1, null, this.#random)))
  }

  #heedRefusal(event: Event, { finding, stops }: Verdict): Reason | null {
    if (stops === 'app') this.#gate.stop(event, 'app', 'app_stopped')
    if (stops === 'token') this.#gate.stop(event, 'token', 'token_stopped')
    if (finding.kind === 'settled') this.#gate.countOutcome(event, finding.status === 'rejected')
    if (stops !== 'run') return null
    const counted = finding.kind === 'settled' && finding.reason === 'ok_unauthenticated'
    return counted && this.#rules.unauthenticated === 'allow' ? null : 'credentials_refused'
  }
}

/** Adjust looked at the event itself, so it knows the app and the token. */
function provesToken({ finding, stops }: Verdict): boolean {
  if (finding.kind === 'settled' && finding.status === 'delivered') return true
  if (stops !== null) return false
  // A refusal for a reason that is not documented may be about the token, and one for the size comes before any look at it.
  const saysNothing = new Set<Reason>(['refused', 'request_too_large'])
  return finding.kind === 'settled' ? !saysNothing.has(finding.reason) : finding.kind === 'device_not_found'
}
