/**
 * The window in which no more than `requestsPerSecond` requests start. A little longer than a second, so that requests that
 * were a second apart here are not counted as closer where they arrive.
 */
const WINDOW_MS = 1008
/** How far behind its even pace the sender may fall and still catch up: timers wake up a millisecond or two late. */
const CATCH_UP_MS = 20

/**
 * The ceiling. An even pace spreads the requests over the second; the times of the last `requestsPerSecond` requests make sure
 * that no second ever holds more, however late any of them left. Pure: time comes in as monotonic milliseconds.
 */
export class RateLimit {
  readonly #intervalMs: number
  readonly #sentAt: Float64Array
  #sent = 0
  #nextTurnAt = Number.NEGATIVE_INFINITY

  constructor(requestsPerSecond: number) {
    this.#intervalMs = WINDOW_MS / requestsPerSecond
    this.#sentAt = new Float64Array(requestsPerSecond).fill(Number.NEGATIVE_INFINITY)
  }

  /** Milliseconds until the next turn comes; 0 when it is there. */
  turnWaitMs(now: number): number {
    return Math.max(0, this.#nextTurnAt - now)
  }

  /** Takes a turn that has come. */
  takeTurn(now: number): void {
    this.#nextTurnAt = Math.max(this.#nextTurnAt, now - CATCH_UP_MS) + this.#intervalMs
  }

  /** Records a request that leaves now, and answers 0; or the milliseconds that it must still wait. */
  leave(now: number): number {
    const slot = this.#sent % this.#sentAt.length
    const waitMs = this.#sentAt[slot]! + WINDOW_MS - now
    if (waitMs > 0) return waitMs
    this.#sentAt[slot] = now
    this.#sent++
    return 0
  }
}
