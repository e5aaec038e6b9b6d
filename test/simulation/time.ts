interface Planned {
  atMs: number
  /** First planned, first called, among those of one instant. */
  number: number
  callback: (() => void) | null
}

/** No timer is finer, and at an epoch's size no number tells smaller steps apart. */
const TICK_MS = 0.01

/** The one true time of a simulation, epoch milliseconds with fractions. It moves only from one planned call to the next. */
export class WorldTime {
  nowMs: number
  readonly #heap: Planned[] = []
  #planned = 0

  constructor(startMs: number) {
    this.nowMs = startMs
  }

  /** Plans a call; the answer takes it back. */
  after(delayMs: number, callback: () => void): () => void {
    const planned: Planned = {
      atMs: this.nowMs + (delayMs > 0 ? Math.max(TICK_MS, delayMs) : 0),
      number: ++this.#planned,
      callback,
    }
    this.#push(planned)
    return () => {
      planned.callback = null
    }
  }

  /** Moves on to the next call and makes it; false when nothing is planned any more. */
  step(): boolean {
    for (let next = this.#pop(); next !== undefined; next = this.#pop()) {
      if (next.callback === null) continue
      this.nowMs = next.atMs
      next.callback()
      return true
    }
    return false
  }

  #push(planned: Planned): void {
    const heap = this.#heap
    let index = heap.push(planned) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (isBefore(heap[parent]!, planned)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = planned
  }

  #pop(): Planned | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(one: Planned, other: Planned): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number)
}
