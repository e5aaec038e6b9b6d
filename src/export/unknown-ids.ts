/** Distinct ids of others that are kept apart; an export has the events of other senders, too, and there may be many. */
const DISTINCT_IDS = 500_000

const EXAMPLES = 5

/** Ids in an export that no event of the window has: others sent them, or we did outside of the window. */
export class UnknownIds {
  readonly #ids = new Set<string>()
  /** Beyond what is kept. */
  #furtherRows = 0

  add(id: string): void {
    if (this.#ids.size < DISTINCT_IDS) this.#ids.add(id)
    else if (!this.#ids.has(id)) this.#furtherRows++
  }

  /** The audit table knows it after all. */
  remove(id: string): void {
    this.#ids.delete(id)
  }

  get isEmpty(): boolean {
    return this.#ids.size === 0
  }

  get count(): number {
    return this.#ids.size + this.#furtherRows
  }

  /** Each id counts once. Otherwise there were too many to tell them apart, and ours from outside the window are among them. */
  get isExact(): boolean {
    return this.#furtherRows === 0
  }

  get examples(): string[] {
    return [...this.#ids.values().take(EXAMPLES)]
  }
}
