import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { isInstalled } from '../../tools/bigquery-emulator/environment.ts'
import type { Violation } from './check/check.ts'
import { liveThrough } from './life.ts'
import { Score } from './score.ts'
import { Shop } from './shop/shop.ts'
import { pauseAlone, pauseBesideAnother } from './trouble/pauses.ts'

/** A shop grows with each of them, and each new shop is another setting. */
const KILLS_A_SHOP = 40
/** Of each rule: what a person looks at first; the folder has the rest. */
const SHOWN = 10

export interface ProofSettings {
  kills: number
  seed: number
  /** At a time. */
  shops: number
  pauses: number
}

/** Shops, one after the other in a few lanes, until as many runs are killed as were asked for. */
export class CrashProof {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'adjust-s2s-crash-'))
  readonly score = new Score()
  readonly #settings: ProofSettings
  readonly #failures: string[] = []
  #shops = 0

  constructor(settings: ProofSettings) {
    this.#settings = settings
  }

  /** Resolves when all is over, with what broke; nothing is left of it otherwise. */
  async run(): Promise<string[]> {
    const lanes = Array.from({ length: this.#settings.shops }, () => this.#lane())
    // A fault of the proof itself is told at the end, like what it finds, and stops the rest as well.
    const fail = (error: Error) => void this.#failures.push(error.stack ?? error.message)
    await Promise.all([...lanes, ...this.#pauses()].map((part) => part.catch(fail)))
    if (this.#failures.length === 0) rmSync(this.folder, { recursive: true, force: true })
    return this.#failures
  }

  get #isOver(): boolean {
    return this.score.kills >= this.#settings.kills || this.#failures.length > 0
  }

  async #lane(): Promise<void> {
    while (!this.#isOver) {
      const number = this.#shops++
      const shop = await Shop.open(path.join(this.folder, `shop-${number}`), this.#settings.seed + number)
      const isOver = (kills: number) => kills >= KILLS_A_SHOP || this.#isOver
      const violations = await liveThrough(shop, this.score, isOver)
      await shop.close(violations.length > 0)
      this.#report(`shop ${number}: ${shop.folder}\n  ${JSON.stringify(shop.plan)}`, violations)
    }
  }

  /**
   * The first has a file of its own, the second a BigQuery that two machines share, the third their state directory as well; and so on.
   * Without the emulator, all are of the first kind.
   */
  #pauses(): Promise<void>[] {
    const { pauses, seed } = this.#settings
    const kinds = isInstalled() ? 3 : 1
    return Array.from({ length: pauses }, async (_, number) => {
      const [folder, kind] = [path.join(this.folder, `pause-${number}`), number % kinds]
      const options = { seed: seed + number, shared: kind === 2 }
      const violations =
        kind === 0
          ? await pauseAlone(folder, options.seed, this.score)
          : await pauseBesideAnother(folder, options, this.score)
      this.#report(`pause ${number}: ${folder}`, violations)
    })
  }

  #report(where: string, violations: readonly Violation[]): void {
    if (violations.length === 0) return
    const shown = [...Map.groupBy(violations, ({ rule }) => rule)].flatMap(([rule, broken]) => {
      const first = broken.slice(0, SHOWN).map(({ what }) => `  ${rule}: ${what}`)
      return broken.length > SHOWN ? [...first, `  ${rule}: and ${broken.length - SHOWN} more`] : first
    })
    this.#failures.push([`--seed ${this.#settings.seed}, ${where}`, ...shown].join('\n'))
  }
}
