import type { Clock } from '../../src/domain/clock.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

export const START_MS = Date.UTC(2026, 0, 31, 10)

/**
 * The clocks of one machine. `pause` lets time pass while no timer fires, as for a process that was stopped; `sleep` stops the monotonic
 * clock too, as for a machine that was suspended; `setWallClock` moves the wall clock alone.
 */
export class Machine implements Clock {
  readonly timers: VirtualClock
  #pausedMs = 0
  #wallMs = 0

  constructor(startedAtMs = START_MS) {
    this.timers = new VirtualClock(startedAtMs)
  }

  now(): number {
    return this.timers.now() + this.#pausedMs + this.#wallMs
  }

  monotonic(): number {
    return this.timers.monotonic() + this.#pausedMs
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.timers.after(delayMs, callback)
  }

  pause(ms: number): void {
    this.#pausedMs += ms
  }

  sleep(ms: number): void {
    this.#wallMs += ms
  }

  setWallClock(byMs: number): void {
    this.#wallMs += byMs
  }
}
