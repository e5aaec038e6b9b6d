import { setImmediate } from 'node:timers/promises'
import type { DuckDBConnection, DuckDBResultReader } from '@duckdb/node-api'
import { TransientError } from '../domain/errors.ts'
import type { DuckdbPlan } from './duckdb-plan.ts'
import { type RowFormat, rowFormat } from './duckdb-rows.ts'
import { bindings } from './duckdb-values.ts'
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
   * Does all the work but reading. The rows are written whole into a temporary table, which spills to disk, and read from there: DuckDB's own
   * streams end without an error when the query fails half-way, so a count is the only proof that all rows came. (Rows that stand in
   * order already were once streamed without it, five seconds a million faster; a stream that was left in the middle then broke later
   * statements of the process.)
   */
  async execute(plan: DuckdbPlan, options: QueryOptions): Promise<void> {
    for (const preparation of plan.preparations) await this.#run(preparation, options)
    const created = await this.#run(`CREATE TEMP TABLE ${RESULT_TABLE} AS ${plan.result}`, options)
    this.#rowCount = Number(created.value(0, 0))
  }

  #run(sql: string, { parameters = {}, source = '' }: QueryOptions): Promise<DuckDBResultReader> {
    const [values, types] = bindings(parameters, sql)
    const statement = sql.replaceAll('{{source}}', () => source)
    return this.#wait(() => this.#connection.runAndReadAll(statement, values, types))
  }

  async *read(): AsyncIterable<ResultBatch> {
    const format = await this.#format()
    const result = await this.#wait(() =>
      this.#connection.stream(`SELECT ${format.sql} FROM ${RESULT_TABLE}`),
    )
    let rows = 0
    for (;;) {
      const chunk = await this.#wait(() => result.fetchChunk())
      if (!chunk || chunk.rowCount === 0) break
      rows += chunk.rowCount
      yield { rowCount: chunk.rowCount, totalRows: this.#rowCount, columns: format.read(chunk) }
    }
    if (rows !== this.#rowCount) throw brokenOff(rows, this.#rowCount)
  }

  async #format(): Promise<RowFormat> {
    const prepared = await this.#wait(() => this.#connection.prepare(`SELECT * FROM ${RESULT_TABLE}`))
    try {
      return rowFormat(prepared)
    } finally {
      prepared.destroySync()
    }
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
