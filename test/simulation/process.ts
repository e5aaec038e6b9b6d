import type { Clock } from '../../src/domain/clock.ts'
import type { WorldTime } from './time.ts'

/** What happens to a process when it has done so many things to the world outside of it. */
export interface Fate {
  afterEffects: number
  strike: (process: SimulatedProcess) => void
}

/**
 * The life of one process: it runs, may be paused and go on, and may die at any moment. Whatever comes to it from outside (a timer, an
 * answer, a finished write) comes through `enter`, and whatever it does to the outside goes through `mayAct`: a dead one does nothing
 * any more, whatever its promises would still like to.
 */
export class SimulatedProcess {
  readonly number: number
  readonly clock: Clock
  readonly concurrency: number
  effects = 0
  wasPaused = false
  #state: 'running' | 'paused' | 'dead' = 'running'
  #held: (() => void)[] = []
  readonly #time: WorldTime
  readonly #fates: Fate[]

  /** @param wallOffsetMs by how much its wall clock is ahead of the true time. */
  constructor(
    time: WorldTime,
    options: { number: number; concurrency: number; wallOffsetMs: number; fates: Fate[] },
  ) {
    this.number = options.number
    this.concurrency = options.concurrency
    this.#time = time
    this.#fates = options.fates
    const startedAtMs = time.nowMs
    this.clock = {
      now: () => Math.floor(time.nowMs + options.wallOffsetMs),
      monotonic: () => time.nowMs - startedAtMs,
      after: (delayMs, callback) => this.after(delayMs, callback),
    }
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  get isPaused(): boolean {
    return this.#state === 'paused'
  }

  /** Counts one thing that it is about to do to the outside, and says whether it still can: this may be where it dies. */
  mayAct(): boolean {
    if (this.isDead) return false
    this.effects++
    for (const fate of [...this.#fates]) if (fate.afterEffects === this.effects) fate.strike(this)
    return !this.isDead
  }

  /** Lets something from outside reach the process: now, when it goes on, or never. */
  enter(callback: () => void): void {
    if (this.#state === 'running') callback()
    else if (this.#state === 'paused') this.#held.push(callback)
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false
    const cancel = this.#time.after(delayMs, () => this.enter(() => isCancelled || callback()))
    return () => {
      isCancelled = true
      cancel()
    }
  }

  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve)
    })
  }

  /** It dies when it has done so many more things. */
  dieAfter(effects: number): void {
    this.#fates.push({ afterEffects: this.effects + effects, strike: () => this.die() })
  }

  die(): void {
    this.#state = 'dead'
    this.#held = []
  }

  pause(): void {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    this.wasPaused = true
  }

  /** What came meanwhile reaches it now, in the order in which it came. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    const held = this.#held
    this.#held = []
    for (const callback of held) this.enter(callback)
  }
}
