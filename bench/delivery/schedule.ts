import type { Clock } from '../../src/domain/clock.ts'
import { Queue } from '../../src/load/queue.ts'

interface Due {
  dueMs: number
  work: () => void
}

/** Does things later, all by the same time: what is due first came first, so one timer serves all of them. */
export class Schedule {
  readonly #delayMs: number
  readonly #clock: Clock
  readonly #waiting = new Queue<Due>()

  constructor(delayMs: number, clock: Clock) {
    this.#delayMs = delayMs
    this.#clock = clock
  }

  /** At once where there is nothing to wait for. */
  inTurn(work: () => void): void {
    if (this.#delayMs === 0) return work()
    this.#waiting.push({ dueMs: this.#clock.monotonic() + this.#delayMs, work })
    if (this.#waiting.length === 1) this.#arm()
  }

  #arm(): void {
    const next = this.#waiting.peek()
    if (next === undefined) return
    this.#clock.after(Math.max(1, next.dueMs - this.#clock.monotonic()), () => {
      for (
        let due = this.#waiting.peek();
        due && due.dueMs <= this.#clock.monotonic();
        due = this.#waiting.peek()
      ) {
        this.#waiting.shift()
        due.work()
      }
      this.#arm()
    })
  }
}
