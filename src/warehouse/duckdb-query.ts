import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { TransientError } from '../domain/errors.ts'
import { readChunk, valueReaders } from './duckdb-values.ts'
import type { ResultBatch } from './warehouse.ts'

/** One query on a connection of its own, for a second one on the same would cut the first one's rows short. */
export class RunningQuery {
  readonly #connection: DuckDBConnection
  readonly #signal: AbortSignal | undefined
  readonly #interrupt = () => this.#connection.interrupt()
  #busy: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(connection: DuckDBConnection, signal: AbortSignal | undefined) {
    this.#connection = connection
    this.#signal = signal
    signal?.addEventListener('abort', this.#interrupt)
  }

  /**
   * The result is first written whole into a temporary table, which spills to disk, and read from there: DuckDB's own streams
   * end without an error when the query fails half-way, so a count is the only proof that all rows came.
   */
  async *run(
    select: string,
    values: Record<string, DuckDBValue>,
    types: Record<string, DuckDBType>,
  ): AsyncIterable<ResultBatch> {
    const create = `CREATE TEMP TABLE s2s_result AS ${select}`
    const created = await this.#wait(this.#connection.runAndReadAll(create, values, types))
    const expectedRows = Number(created.value(0, 0))
    const result = await this.#wait(this.#connection.stream('SELECT * FROM s2s_result'))
    const [names, readers] = [result.columnNames(), valueReaders(result)]
    let rows = 0
    for (;;) {
      const chunk = await this.#wait(result.fetchChunk())
      if (!chunk || chunk.rowCount === 0) break
      rows += chunk.rowCount
      yield readChunk(chunk, names, readers)
    }
    if (rows !== expectedRows) throw brokenOff(rows, expectedRows)
  }

  async #wait<T>(work: Promise<T>): Promise<T> {
    this.#busy = work
    const answer = await work
    this.#signal?.throwIfAborted()
    return answer
  }

  /** Stops what is running, and only then gives the connection up: DuckDB does not survive one that is closed while it works. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#signal?.removeEventListener('abort', this.#interrupt)
    this.#connection.interrupt()
    await this.#busy.catch(() => {})
    this.#connection.closeSync()
  }
}

function brokenOff(rows: number, expectedRows: number): TransientError {
  return new TransientError(`DuckDB gave ${rows} of ${expectedRows} rows and then stopped`, {
    hint: 'Look for a full disk or too little memory, then run again.',
  })
}
