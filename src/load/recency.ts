/** What stands in a `Recency`: it belongs to one at most. */
export interface Recent {
  older: Recent | null
  newer: Recent | null
}

/**
 * Items from the least to the most recently used; every step takes the same short time. (A Set keeps the places of what was deleted, and looks
 * through all of them for its first item: with 100,000 items that took as long as everything else that is done for an event.)
 */
export class Recency<T extends Recent> {
  readonly #end: Recent = { older: null, newer: null }
  #size = 0

  constructor() {
    this.#end.older = this.#end
    this.#end.newer = this.#end
  }

  get size(): number {
    return this.#size
  }

  /** Puts an item in that is not in any, as the most recent. */
  add(item: T): void {
    const newest = this.#end.older!
    item.older = newest
    item.newer = this.#end
    newest.newer = item
    this.#end.older = item
    this.#size++
  }

  /** Does nothing if it is not there. */
  delete(item: T): void {
    if (item.older === null || item.newer === null) return
    item.older.newer = item.newer
    item.newer.older = item.older
    item.older = null
    item.newer = null
    this.#size--
  }

  /** Takes out the least recently used one. */
  shift(): T | null {
    if (this.#size === 0) return null
    const oldest = this.#end.newer as T
    this.delete(oldest)
    return oldest
  }
}
