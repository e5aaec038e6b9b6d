import { occurredAtMicros, transactionId } from './rows.ts'

/**
 * Encoded rows 0, 1, 2 …, which can be sent as any later ones: only ids and instants are written anew, at once and in place. A server
 * that encoded each row would be slower than the reader that is measured.
 */
export class Template {
  readonly #bytes: Buffer
  readonly #idOffsets: number[]
  readonly #microsOffsets: number[]
  readonly #microsBytes: (micros: number) => Buffer

  /** `microsBytes` says how an instant is encoded; ids are plain text. */
  constructor(bytes: Buffer, rows: number, microsBytes: (micros: number) => Buffer) {
    this.#bytes = bytes
    this.#microsBytes = microsBytes
    const numbers = Array.from({ length: rows }, (_, row) => row)
    this.#idOffsets = offsetsOf(
      bytes,
      numbers.map((row) => Buffer.from(transactionId(row))),
    )
    this.#microsOffsets = offsetsOf(
      bytes,
      numbers.map((row) => microsBytes(occurredAtMicros(row))),
    )
  }

  startingAt(firstRow: number): Buffer {
    const copy = Buffer.from(this.#bytes)
    for (const [index, offset] of this.#idOffsets.entries())
      copy.write(transactionId(firstRow + index), offset, 'latin1')
    for (const [index, offset] of this.#microsOffsets.entries())
      this.#microsBytes(occurredAtMicros(firstRow + index)).copy(copy, offset)
    return copy
  }
}

function offsetsOf(bytes: Buffer, values: Buffer[]): number[] {
  let offset = 0
  return values.map((value) => {
    offset = bytes.indexOf(value, offset)
    if (offset < 0) throw new Error('a row is not where it should be in what was encoded')
    offset += value.length
    return offset - value.length
  })
}

/** Templates by their number of rows, each made when it is first needed. */
export function templates(make: (rows: number) => Template): (rows: number) => Template {
  const made = new Map<number, Template>()
  return (rows) => {
    const template = made.get(rows) ?? make(rows)
    made.set(rows, template)
    return template
  }
}
