import { setImmediate } from 'node:timers/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { TransientError } from '../domain/errors.ts'
import { bindings, readChunk, valueReaders } from './duckdb-values.ts'
import type { Step } from './steps.ts'
import type { QueryOptions, ResultBatch } from './warehouse.ts'

const RESULT_TABLE = 's2s_result'

/** One query on a connection of its own, for a second one on the same would cut the first one's rows short. */
export class RunningQuery {
  readonly #connection: DuckDBConnection
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => void this.#stop()
  #rowCount = 0
  #isWorking = false
  #closed = false

  constructor(connection: DuckDBConnection, signal: AbortSignal | undefined) {
    this.#connection = connection
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
  }

  /**
   * Runs the steps. The rows of the last are written whole into a temporary table, which spills to disk, and read from there:
   * DuckDB's own streams end without an error when the query fails half-way, so a count is the only proof that all rows came.
   */
  async execute(steps: readonly Step[], { parameters = {}, source = '' }: QueryOptions): Promise<void> {
    for (const { table, sql } of steps) {
      const [values, types] = bindings(parameters, sql)
      const select = sql.replaceAll('{{source}}', () => source)
      const create = `CREATE TEMP TABLE ${table ?? RESULT_TABLE} AS ${select}`
      const created = await this.#wait(() => this.#connection.runAndReadAll(create, values, types))
      this.#rowCount = Number(created.value(0, 0))
    }
  }

  async *read(): AsyncIterable<ResultBatch> {
    const result = await this.#wait(() => this.#connection.stream(`SELECT * FROM ${RESULT_TABLE}`))
    const [names, readers] = [result.columnNames(), valueReaders(result)]
    let rows = 0
    for (;;) {
      const chunk = await this.#wait(() => result.fetchChunk())
      if (!chunk || chunk.rowCount === 0) break
      rows += chunk.rowCount
      const columns = readChunk(chunk, names, readers)
      yield { rowCount: chunk.rowCount, totalRows: this.#rowCount, columns }
    }
    if (rows !== this.#rowCount) throw brokenOff(rows, this.#rowCount)
  }

  async #wait<T>(work: () => Promise<T>): Promise<T> {
    this.#throwIfStopped()
    this.#isWorking = true
    try {
      return await work()
    } finally {
      this.#isWorking = false
      this.#throwIfStopped()
    }
  }

  #throwIfStopped(): void {
    this.#signal?.throwIfAborted()
    if (this.#closed) throw new Error('the warehouse was closed before the query ended')
  }

  /** Again and again, for an interrupt that comes while a statement is being prepared is forgotten when it starts. */
  async #stop(): Promise<void> {
    while (this.#isWorking) {
      this.#connection.interrupt()
      await setImmediate()
    }
  }

  /** Stops what is running, and only then gives the connection up: DuckDB does not survive one that is closed while it works. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    await this.#stop()
    this.#connection.closeSync()
  }
}

function brokenOff(rows: number, expectedRows: number): TransientError {
  return new TransientError(`DuckDB gave ${rows} of ${expectedRows} rows and then stopped`, {
    hint: 'Look for a full disk or too little memory, then run again.',
  })
}
