import type { Clock } from '../../src/domain/clock.ts'

interface Timer {
  at: number
  callback: () => void
}

/** Time that moves only when a test says so; timers fire in the order of their times. */
export class VirtualClock implements Clock {
  readonly #startedAtMs: number
  readonly #timers = new Set<Timer>()
  #elapsedMs = 0

  /** @param startedAtMs what `now` says at first, epoch milliseconds. */
  constructor(startedAtMs = Date.UTC(2026, 0, 31)) {
    this.#startedAtMs = startedAtMs
  }

  /** Whole milliseconds, like the system's clock. */
  now(): number {
    return this.#startedAtMs + Math.floor(this.#elapsedMs)
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#elapsedMs + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that are set and have not fired. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Moves time forward, firing what comes due on the way. */
  advance(ms: number): void {
    const until = this.#elapsedMs + ms
    for (let next = this.#next(); next !== null && next.at <= until; next = this.#next()) this.#fire(next)
    this.#elapsedMs = until
  }

  /** Moves time forward to the next timer and fires it; false when there is none. */
  advanceToNext(): boolean {
    const next = this.#next()
    if (next !== null) this.#fire(next)
    return next !== null
  }

  #next(): Timer | null {
    let next: Timer | null = null
    for (const timer of this.#timers) if (next === null || timer.at < next.at) next = timer
    return next
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer)
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.at)
    timer.callback()
  }
}
