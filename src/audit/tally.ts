import { type Counts, type ReasonCount, STATUSES, type Status } from '../domain/settlement.ts'

/** Counts what a run reads and settles, and checks the promise that every row is accounted for. */
export class Tally {
  readonly #reasons = new Map<string, ReasonCount>()
  #read = 0

  read(): void {
    this.#read++
  }

  settled(status: Status, reason: string, transactionId: string): void {
    const key = `${status} ${reason}`
    const entry = this.#reasons.get(key)
    if (entry === undefined) this.#reasons.set(key, { status, reason, count: 1, example: transactionId })
    else entry.count++
  }

  get counts(): Counts {
    const counts = Object.fromEntries([
      ['read', this.#read],
      ...STATUSES.map((status) => [status, 0]),
    ]) as Counts
    for (const { status, count } of this.#reasons.values()) counts[status] += count
    return counts
  }

  /** The most frequent first, in the order of the statuses. */
  get reasons(): ReasonCount[] {
    const rank = (status: Status) => STATUSES.indexOf(status)
    return [...this.#reasons.values()].sort((a, b) => rank(a.status) - rank(b.status) || b.count - a.count)
  }

  /** read = delivered + duplicate + rejected + invalid + expired + late + suppressed + abandoned + in_doubt + deferred. */
  assertBalanced(): void {
    const { read, ...settled } = this.counts
    const sum = Object.values(settled).reduce((total, count) => total + count, 0)
    if (sum !== read)
      throw new Error(`${read} rows were read, but ${sum} were settled: ${JSON.stringify(settled)}`)
  }
}
