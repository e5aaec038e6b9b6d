import type { Batch } from './calls.ts'

interface Entry {
  controller: AbortController
  iterator: AsyncIterator<Batch>
  /** The batch that comes next: it is made while the one before is delivered. */
  ahead: Promise<IteratorResult<Batch>>
}

/** What is being read on behalf of another thread, by number. */
export class Readings {
  readonly #entries = new Map<number, Entry>()

  start(number: number, read: (signal: AbortSignal) => AsyncIterable<Batch>): void {
    const controller = new AbortController()
    const iterator = read(controller.signal)[Symbol.asyncIterator]()
    this.#entries.set(number, { controller, iterator, ahead: next(iterator) })
  }

  async next(number: number): Promise<Batch | null> {
    const entry = this.#entries.get(number)
    if (entry === undefined) throw new Error(`nothing is read under the number ${number}`)
    const result = await entry.ahead
    if (result.done) return null
    entry.ahead = next(entry.iterator)
    return result.value
  }

  abort(number: number): void {
    this.#entries.get(number)?.controller.abort()
  }

  async end(number: number): Promise<void> {
    const entry = this.#entries.get(number)
    if (entry === undefined) return
    this.#entries.delete(number)
    entry.controller.abort()
    // A failure that nobody asked for any more.
    await entry.ahead.catch(() => {})
    await entry.iterator.return?.()
  }
}

/** It is awaited when it is asked for; until then a failure must not count as one that nobody handles. */
function next(iterator: AsyncIterator<Batch>): Promise<IteratorResult<Batch>> {
  const result = iterator.next()
  result.catch(() => {})
  return result
}
