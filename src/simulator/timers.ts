import type { Clock } from '../domain/clock.ts'

/** Timers that can all be called off at once, so that closing never waits for a slow answer. */
export class Timers {
  private readonly clock: Clock
  private readonly pending = new Set<() => void>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Calls back after `delayMs`, or at once if there is nothing to wait for; the answer calls it off. */
  after(delayMs: number, callback: () => void): () => void {
    if (delayMs <= 0) {
      callback()
      return () => {}
    }
    const cancelTimer = this.clock.after(delayMs, () => {
      this.pending.delete(cancel)
      callback()
    })
    const cancel = () => {
      this.pending.delete(cancel)
      cancelTimer()
    }
    this.pending.add(cancel)
    return cancel
  }

  cancelAll(): void {
    for (const cancel of [...this.pending]) cancel()
  }
}
