import type { SourceRow } from '../domain/event.ts'

/**
 * Holds the warehouse to the order that it was asked for. An engine that sorted text by another collation, or a stream that
 * mixed two batches, would make Adjust refuse events for good.
 */
export class OrderCheck {
  #micros = Number.NEGATIVE_INFINITY
  #transactionId = ''

  /** Throws an Error (a bug: no input explains it) at the first row that stands before its predecessor. */
  check(rows: readonly SourceRow[]): void {
    for (const { occurredAtMicros, transactionId } of rows) {
      const micros = occurredAtMicros ?? Number.NEGATIVE_INFINITY
      if (micros < this.#micros || (micros === this.#micros && this.#isBefore(micros, transactionId)))
        throw new Error(
          `the warehouse gave ${transactionId} after ${this.#transactionId}, which is out of order`,
        )
      this.#micros = micros
      this.#transactionId = transactionId
    }
  }

  #isBefore(micros: number, transactionId: string): boolean {
    // Beyond 2^53 two instants may look equal and not be: such a row is in the future, and is not sent.
    if (micros > Number.MAX_SAFE_INTEGER) return false
    return compareCodePoints(transactionId, this.#transactionId) < 0
  }
}

/**
 * Compares texts as both engines do, by code point (which is the order of UTF-8 bytes). JavaScript's `<` compares UTF-16 units,
 * and so puts U+FF5E after U+1F600, which it spells with two units from 0xD83D on.
 */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const [a, b] = [left.charCodeAt(index), right.charCodeAt(index)]
    if (a !== b)
      return isSurrogate(a) === isSurrogate(b) ? a - b : Number(isSurrogate(a)) - Number(isSurrogate(b))
  }
  return left.length - right.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
