/** Delivered events in the order of one of their instants, those that an export has apart from those that it lacks. */
export class Timeline {
  readonly #atMs: Float64Array
  readonly #found: number[] = []
  readonly #missing: number[] = []

  /** `atMs`: the instant of each event, by its index. */
  constructor(atMs: Float64Array) {
    this.#atMs = atMs
  }

  add(index: number, isFound: boolean): void {
    ;(isFound ? this.#found : this.#missing).push(index)
  }

  /** To be called once, after all are added. */
  sort(): void {
    const byInstant = (one: number, other: number) => this.#atMs[one]! - this.#atMs[other]!
    this.#found.sort(byInstant)
    this.#missing.sort(byInstant)
  }

  /** The export has none of them. */
  get isEmpty(): boolean {
    return this.#found.length === 0
  }

  firstFoundFrom(ms: number): number | null {
    return this.#found[this.#firstFrom(this.#found, ms)] ?? null
  }

  lastFoundBefore(ms: number): number | null {
    return this.#found[this.#firstFrom(this.#found, ms) - 1] ?? null
  }

  /** How many the export has in [fromMs, toMs). */
  countFound(fromMs: number, toMs: number): number {
    return Math.max(0, this.#firstFrom(this.#found, toMs) - this.#firstFrom(this.#found, fromMs))
  }

  /** The first that it lacks in [fromMs, toMs). */
  firstMissing(fromMs: number, toMs: number, counts: (index: number) => boolean = () => true): number | null {
    const missing = this.#missing
    for (let place = this.#firstFrom(missing, fromMs); place < missing.length; place++) {
      const index = missing[place]!
      if (this.#atMs[index]! >= toMs) return null
      if (counts(index)) return index
    }
    return null
  }

  /** Place of the first with this instant or a later one. */
  #firstFrom(indexes: readonly number[], ms: number): number {
    let [low, high] = [0, indexes.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#atMs[indexes[middle]!]! < ms) low = middle + 1
      else high = middle
    }
    return low
  }
}
