/** Requests in flight before anything is known of the other side. */
const INITIAL_LIMIT = 16
/** A latency this many times the best one means that requests wait in a queue on the other side. */
const QUEUEING_FACTOR = 4
/** Differences below this are noise, whatever their ratio. */
const QUEUEING_MIN_MS = 250
/** Share of the newest answer in the running average. */
const SMOOTHING = 0.05
/** The best latency is forgotten slowly, so that a path that became longer is not taken for a queue for ever. */
const BASELINE_DRIFT = 1.001
/** After a cut the answers of requests from before it are ignored for this many round trips. */
const ROUND_TRIPS_BETWEEN_CUTS = 2

/**
 * How many requests may be in flight: doubled every round trip until the first sign of overload, then additive increase; halved
 * on 429 or when the latency rises (the way of TCP, RFC 5681). Pure: time comes in as monotonic milliseconds.
 */
export class AdaptiveConcurrency {
  readonly #max: number
  #limit: number
  #slowStart = true
  #averageMs = 0
  #baselineMs = Number.POSITIVE_INFINITY
  #ignoreUntil = Number.NEGATIVE_INFINITY

  constructor(max: number) {
    this.#max = max
    this.#limit = Math.min(max, INITIAL_LIMIT)
  }

  get limit(): number {
    return Math.floor(this.#limit)
  }

  /** A whole answer came; `wasFull` says that the limit was what kept more from being in flight. */
  answered(latencyMs: number, wasFull: boolean, now: number): void {
    this.#averageMs =
      this.#averageMs === 0 ? latencyMs : this.#averageMs + SMOOTHING * (latencyMs - this.#averageMs)
    this.#baselineMs = Math.min(this.#baselineMs * BASELINE_DRIFT, latencyMs)
    const queueing =
      this.#averageMs > Math.max(this.#baselineMs * QUEUEING_FACTOR, this.#baselineMs + QUEUEING_MIN_MS)
    if (queueing) this.overloaded(now)
    else if (wasFull) this.#limit = Math.min(this.#max, this.#limit + (this.#slowStart ? 1 : 1 / this.#limit))
  }

  /** 429, or the latency rose. */
  overloaded(now: number): void {
    if (now < this.#ignoreUntil) return
    this.#slowStart = false
    this.#limit = Math.max(1, this.#limit / 2)
    this.#ignoreUntil = now + ROUND_TRIPS_BETWEEN_CUTS * this.#averageMs
  }
}
