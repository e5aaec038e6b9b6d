/** Time, injected: no other module reads the system's clock or sets a timer, so a test or a simulation can own both. */
export interface Clock {
  /** Wall clock, epoch milliseconds. */
  now(): number
  /** Never goes back; milliseconds with fractions, for intervals only. */
  monotonic(): number
  /** Calls back once after at least `delayMs`; the answer cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Uniform in [0, 1), injected like the clock. */
export type Random = () => number

export const systemRandom: Random = () => Math.random()
