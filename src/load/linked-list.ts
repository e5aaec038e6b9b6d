/** What stands in a `LinkedList`: in one at most. */
export interface Linked {
  previous: Linked | null
  next: Linked | null
}

/**
 * A list from whose ends and middle items are taken in the same short time, and that leaves nothing behind for the garbage collector. A Set
 * or Map that events pass through does: each time its table is full it gets a new one, and the old one, once it has grown old itself, keeps all that
 * stood in it (half of the memory and a tenth of the time of a run); and it finds its first item only by way of all that were deleted.
 */
export class LinkedList<T extends Linked> {
  readonly #end: Linked = { previous: null, next: null }
  #size = 0

  constructor() {
    this.#end.previous = this.#end
    this.#end.next = this.#end
  }

  get size(): number {
    return this.#size
  }

  get first(): T | null {
    return this.#size === 0 ? null : (this.#end.next as T)
  }

  /** Puts an item that is in no list at the end. */
  push(item: T): void {
    const last = this.#end.previous!
    item.previous = last
    item.next = this.#end
    last.next = item
    this.#end.previous = item
    this.#size++
  }

  /** Does nothing if it is not there. */
  delete(item: T): void {
    if (item.previous === null || item.next === null) return
    item.previous.next = item.next
    item.next.previous = item.previous
    item.previous = null
    item.next = null
    this.#size--
  }

  /** Takes out the first. */
  shift(): T | null {
    const { first } = this
    if (first !== null) this.delete(first)
    return first
  }
}
