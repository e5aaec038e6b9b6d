const SECOND_MS = 1_000
/**
 * What the way of two requests may differ by before a second at the other end holds one too many: one request's share of the second,
 * within these bounds. It costs a slow sender one request a second, and a fast one less than a percent.
 */
const TRANSIT_MARGIN_MIN_MS = 8
const TRANSIT_MARGIN_MAX_MS = 20
/** How far behind its even pace the sender may fall and still catch up: timers wake up a millisecond or two late. */
const CATCH_UP_MS = 20

/**
 * The ceiling. An even pace spreads the requests over the second. What makes sure that no second ever holds more is the sum of the
 * requests whose first byte went out within the last one and those that are handed over and may start any moment (a connection has
 * to be made first, which takes long now and then): it never exceeds the limit. Pure: time comes in as monotonic milliseconds.
 */
export class RateLimit {
  readonly #limit: number
  readonly #windowMs: number
  /** When the last `#limit` requests started, by their number. */
  readonly #startedAt: Float64Array
  readonly #from: number
  #started = 0
  #handedOver = 0
  #nextTurnAt = Number.NEGATIVE_INFINITY

  /** @param from monotonic milliseconds: nothing starts before, for another sender may have used up that second. */
  constructor(requestsPerSecond: number, from = Number.NEGATIVE_INFINITY) {
    this.#from = from
    const margin = Math.max(TRANSIT_MARGIN_MIN_MS, SECOND_MS / requestsPerSecond)
    this.#limit = requestsPerSecond
    this.#windowMs = SECOND_MS + Math.min(TRANSIT_MARGIN_MAX_MS, margin)
    this.#startedAt = new Float64Array(requestsPerSecond)
  }

  /** Milliseconds until the next turn comes; 0 when it is there. */
  turnWaitMs(now: number): number {
    return Math.max(0, this.#nextTurnAt - now, this.#from - now)
  }

  /** Takes a turn that has come. */
  takeTurn(now: number): void {
    this.#nextTurnAt = Math.max(this.#nextTurnAt, now - CATCH_UP_MS) + this.#windowMs / this.#limit
  }

  /** Milliseconds until another request may be handed over; Infinity when one that is handed over has to start or fail first. */
  leaveWaitMs(now: number): number {
    const free = this.#limit - this.#handedOver
    if (free === 0) return Number.POSITIVE_INFINITY
    if (now < this.#from) return this.#from - now
    // At most free - 1 may have started within the window, so the one that many places back has to be out of it.
    const number = this.#started - free
    if (number < 0) return 0
    return Math.max(0, this.#startedAt[number % this.#limit]! + this.#windowMs - now)
  }

  handOver(): void {
    this.#handedOver++
  }

  /** The first byte of a request that was handed over goes out now. */
  started(now: number): void {
    this.#handedOver--
    this.#startedAt[this.#started++ % this.#limit] = now
  }

  /** A request that was handed over has failed before its first byte. */
  neverStarted(): void {
    this.#handedOver--
  }
}
