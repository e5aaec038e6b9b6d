import type { Random } from '../domain/clock.ts'

/** So many failures without one proper answer between them are not chance. */
const FAILURES_TO_PAUSE = 10
/** Probes that fail, one after the other, before the run gives up: about two minutes with the pauses below. */
const PROBES_TO_GIVE_UP = 7
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/**
 * Notices that Adjust is down. Every request sent into an outage may end in doubt, so after a row of failures sending pauses and
 * goes on with single probes; when those fail too, the run gives up and leaves the rest to the next one. Monotonic milliseconds.
 */
export class Availability {
  readonly #random: Random
  #failures = 0
  #probes = 0
  #pausedUntil = Number.NEGATIVE_INFINITY
  #probing = false

  constructor(random: Random) {
    this.#random = random
  }

  /** Milliseconds until a request may start; 0 for now; Infinity while a probe, or what was sent before it, is out. */
  waitMs(now: number, inFlight: number): number {
    const pauseMs = this.pauseMs(now)
    if (pauseMs > 0) return pauseMs
    if (this.#failures < FAILURES_TO_PAUSE) return 0
    // Not `#probing`: a probe whose request was withdrawn never comes back.
    return inFlight > 0 ? Number.POSITIVE_INFINITY : 0
  }

  /** What is left of a pause. */
  pauseMs(now: number): number {
    return Math.max(0, this.#pausedUntil - now)
  }

  started(): void {
    this.#probing = this.#failures >= FAILURES_TO_PAUSE
  }

  /** Adjust said what becomes of an event. */
  answered(): void {
    this.#failures = 0
    this.#probes = 0
    this.#probing = false
  }

  /** No answer, no connection, an error, or a gateway's page. True when it is time to give up. */
  failed(now: number): boolean {
    this.#failures++
    if (this.#failures < FAILURES_TO_PAUSE) return false
    const wasProbe = this.#probing
    if (this.#failures > FAILURES_TO_PAUSE && !wasProbe) return false
    this.#probing = false
    this.#probes += wasProbe ? 1 : 0
    // Half of it is left to chance, so that the probes do not fall into step with an outage that comes and goes.
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#probes)
    this.pause(now + pauseMs * (0.5 + this.#random()))
    return this.#probes >= PROBES_TO_GIVE_UP
  }

  /** Retry-After is meant for the whole sender, not only for the event that met it. */
  pause(untilMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, untilMs)
  }
}
