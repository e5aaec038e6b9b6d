import type { Random } from '../../../src/domain/clock.ts'
import { ExitCode } from '../../../src/domain/exit-code.ts'
import { between } from '../draw.ts'
import { type EndedRun, summaryOf } from '../run/run-process.ts'

/** How much a new measurement counts against the ones before. */
const SMOOTHING = 0.3

/** How long a run of this shop takes, from what was measured, so that instants are drawn from all of it and little beyond. */
export class Pace {
  /** From the start of a process to the window that it covers. */
  #beginMs = 900
  /** From the last answer to the end of the process. */
  readonly #endMs = 150
  /** Purchases that could be sent and have not been. */
  #pending = 0
  readonly #purchasesPerSecond: number

  constructor(purchasesPerSecond: number) {
    this.#purchasesPerSecond = purchasesPerSecond
  }

  get pending(): number {
    return this.#pending
  }

  /** Milliseconds that the next run should take. */
  get expectedMs(): number {
    return this.#beginMs + (1000 * this.#pending) / this.#purchasesPerSecond + this.#endMs
  }

  /** Milliseconds after the start of a run: anywhere in it. */
  instant(random: Random): number {
    return between(random, 0, this.expectedMs)
  }

  sold(count: number): void {
    this.#pending += count
  }

  /** Takes in how runs went, and how many requests arrived meanwhile. */
  learn(runs: readonly EndedRun[], requests: number): void {
    this.#pending = Math.max(0, this.#pending - requests)
    for (const run of runs) {
      if (run.begunAfterMs !== null) this.#beginMs += SMOOTHING * (run.begunAfterMs - this.#beginMs)
      // It came to its end: what is left waits for something.
      if (summaryOf(run)?.exit_code === ExitCode.ok) this.#pending = 0
    }
  }
}
