import { type Random, systemClock } from '../../../src/domain/clock.ts'
import { between, logarithmic, weighted } from '../draw.ts'
import { isShutOut, lastWords, wrongExit } from '../run/exits.ts'
import { type EndedRun, endsWithin, type RunProcess, sleep } from '../run/run-process.ts'
import type { Shop } from '../shop/shop.ts'
import type { Phase, Round, Trouble } from './kinds.ts'
import type { Pace } from './pace.ts'

/** A run that has nothing left to wait for ends in seconds; one that is stuck would otherwise stop the whole proof. */
const LONGEST_RUN_MS = 180_000
/** Beside the answers that are under way: the audit, the journal, the file; on a busy machine. */
const GRACE_MS = 10_000

/** One round on its shop: what is done to its runs, and how they end. */
export class Scene {
  readonly round: Round
  readonly #shop: Shop
  readonly #pace: Pace
  readonly #random: Random

  constructor(trouble: Trouble, shop: Shop, pace: Pace) {
    this.round = { trouble, kills: [], runs: [], wrong: [] }
    this.#shop = shop
    this.#pace = pace
    this.#random = shop.random
  }

  start(): RunProcess {
    return this.#shop.start()
  }

  /** An instant of the run's whole length; or, for they are short, of the time in which it recovers, or of its end. */
  async killAt(run: RunProcess): Promise<void> {
    const moment = weighted(this.#random, { anywhere: 70, early: 12, late: 18 })
    if (moment === 'anywhere') await this.#sleepWhile(run, this.#pace.instant(this.#random))
    else if (moment === 'early') await this.#untilOpen(run)
    else await this.#untilQuiet(run)
    await this.#kill(run)
  }

  async killWhileStopped(run: RunProcess): Promise<void> {
    await this.#sleepWhile(run, this.#pace.instant(this.#random))
    run.signal('SIGSTOP')
    await sleep(between(this.#random, 20, 600))
    await this.#kill(run)
  }

  /** The one that is shut out leaves by itself; the other is killed, perhaps before that. */
  async killOneOfTwo(): Promise<void> {
    const runs = [this.start(), this.start()]
    if (this.#random() < 0.5) await Promise.race(runs.map(({ ended }) => ended))
    await sleep(between(this.#random, 0, this.#pace.expectedMs))
    const living = runs.filter((run) => !run.hasEnded)
    for (const run of runs) if (living.includes(run)) await this.#kill(run)
    for (const run of runs) if (!living.includes(run)) await this.end(run)
  }

  /** It has to be gone within the grace period: done, or with work left; before it listens, the signal just ends it. */
  async terminate(run: RunProcess): Promise<void> {
    await this.#sleepWhile(run, this.#pace.instant(this.#random))
    const listened = run.begunAfterMs !== null
    run.signal('SIGTERM')
    const inTime = await endsWithin(run, this.#shop.plan.timeoutMs + GRACE_MS)
    if (!inTime) this.round.wrong.push('SIGTERM: still there after the grace period')
    if (!inTime) run.signal('SIGKILL')
    const ended = await run.ended
    this.round.runs.push(ended)
    if (inTime && (listened || ended.signal !== 'SIGTERM')) this.#judge(ended)
  }

  async stopAndGo(run: RunProcess): Promise<void> {
    await this.#sleepWhile(run, this.#pace.instant(this.#random))
    run.signal('SIGSTOP')
    await sleep(logarithmic(this.#random, 50, 2 * this.#shop.plan.timeoutMs))
    run.signal('SIGCONT')
    await this.end(run)
  }

  /** At least one of them works; if they meet, the other one has left at once. */
  async waitForBoth(one: RunProcess, other: RunProcess): Promise<void> {
    await this.end(one)
    await this.end(other)
    const [first, second] = this.round.runs.slice(-2) as [EndedRun, EndedRun]
    if (isShutOut(first) && isShutOut(second)) this.round.wrong.push('two runs: neither worked')
  }

  /** So little room that a run may get along with it, or break off at any record. */
  fillDisk(): void {
    this.#shop.disk?.fill(logarithmic(this.#random, 1, 2_000_000))
  }

  /** From the start, or in the middle of it. */
  async runOutOfDisk(): Promise<void> {
    const fromTheStart = this.#random() < 0.6
    if (fromTheStart) this.fillDisk()
    const run = this.start()
    if (!fromTheStart) {
      await this.#sleepWhile(run, this.#pace.instant(this.#random))
      this.#shop.disk?.fill(logarithmic(this.#random, 1, 20_000))
    }
    await this.end(run)
  }

  async end(run: RunProcess): Promise<void> {
    const inTime = await endsWithin(run, LONGEST_RUN_MS)
    if (!inTime) this.round.wrong.push(`still running after ${LONGEST_RUN_MS / 1000} s`)
    if (!inTime) run.signal('SIGKILL')
    const ended = await run.ended
    this.round.runs.push(ended)
    if (inTime) this.#judge(ended)
  }

  async #kill(run: RunProcess): Promise<void> {
    const phase = phaseOf(run)
    const atMs = systemClock.now()
    run.signal('SIGKILL')
    const ended = await run.ended
    this.round.runs.push(ended)
    if (ended.signal === 'SIGKILL') this.round.kills.push({ run: ended, atMs, phase })
    else this.#judge(ended)
  }

  #judge(ended: EndedRun): void {
    const wrong = wrongExit(ended)
    if (wrong !== null) this.round.wrong.push(`${this.round.trouble}: ${wrong} | ${lastWords(ended)}`)
  }

  async #sleepWhile(run: RunProcess, ms: number): Promise<void> {
    await endsWithin(run, ms)
  }

  /** Until it has the warehouse: from there to its first request it settles what was left behind, and reads. */
  async #untilOpen(run: RunProcess): Promise<void> {
    while (!run.hasEnded && run.begunAfterMs === null && !run.hasOpen('warehouse.duckdb')) await sleep(4)
    await this.#sleepWhile(run, between(this.#random, 0, 250))
  }

  /** Until requests have come and then none for a moment: what is left is the audit, the log of runs, the journal's end. */
  async #untilQuiet(run: RunProcess): Promise<void> {
    const before = await this.#shop.adjust.requestCount()
    const giveUpAt = systemClock.monotonic() + 3 * this.#pace.expectedMs
    let [count, changedAt] = [before, systemClock.monotonic()]
    while (!run.hasEnded && systemClock.monotonic() < giveUpAt) {
      await sleep(4)
      const now = await this.#shop.adjust.requestCount()
      if (now !== count) [count, changedAt] = [now, systemClock.monotonic()]
      else if (count > before && systemClock.monotonic() - changedAt > 60) break
    }
    await sleep(between(this.#random, 0, 120))
  }
}

/** Starting: not even the warehouse is open. Recovering: it is, but the run has not said what it covers. */
function phaseOf(run: RunProcess): Phase | null {
  if (run.begunAfterMs !== null) return null
  return run.hasOpen('warehouse.duckdb') ? 'recovering' : 'starting'
}
