import { existsSync } from 'node:fs'
import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement } from '@duckdb/node-api'
import pLimit from 'p-limit'
import { TerminalError } from '../domain/errors.ts'
import { duckdbDdl } from './ddl.ts'
import { convertDuckdbColumn } from './duckdb-columns.ts'
import { isOutOfMemory, openError, queryError } from './duckdb-errors.ts'
import { MemoryLimit } from './duckdb-memory.ts'
import { type DuckdbPlan, duckdbPlan } from './duckdb-plan.ts'
import { duckdbProbes } from './duckdb-probes.ts'
import { RunningQuery } from './duckdb-query.ts'
import { DuckdbTables } from './duckdb-tables.ts'
import { translateChange } from './translate.ts'
import type {
  ContractType,
  Probe,
  QueryEstimate,
  QueryOptions,
  ResultBatch,
  SourceColumn,
  TableRow,
  WarehouseAdmin,
} from './warehouse.ts'

export interface DuckdbOptions {
  path: string
  /** Makes the file where it is missing: for `init` and the demo alone, so that a mistyped path is not a new, empty warehouse. */
  create?: boolean
  readOnly?: boolean
  /** Where a large sort may spill; next to the file otherwise. */
  tempDirectory?: string
  /** What DuckDB may take at first; 256 is enough for millions of rows of ordinary width, which then spill. */
  memoryLimitMb?: number
  /** How far that may be raised for a query that cannot do with less: half of what is free, unless it is given. */
  maxMemoryMb?: number
}

/**
 * Each thread of a sort takes its own share of the limit: with two in 256 MB a million rows of 1 kB run out of memory, with one
 * they spill and take five seconds. Delivery waits for Adjust rather than for SQL.
 */
const MEMORY_PER_THREAD_MB = 256
const DEFAULT_MEMORY_LIMIT_MB = 256

/**
 * How long DuckDB's log may grow before it is worked into the file. Each time the last rows of a table are compressed anew: with
 * DuckDB's own 16 MB that costs more than the appends themselves. After a crash so much of it is read again, which takes a second.
 */
const CHECKPOINT_THRESHOLD = '64MB'

/**
 * Opens a DuckDB file. Throws `TransientError` when another process has it, `TerminalError` when it is missing, is none, or
 * cannot be opened.
 */
export async function openDuckdbWarehouse(options: DuckdbOptions): Promise<WarehouseAdmin> {
  const { path, create = false, readOnly = false, memoryLimitMb = DEFAULT_MEMORY_LIMIT_MB } = options
  if (!create && path !== ':memory:' && !existsSync(path))
    throw new TerminalError(`${path} does not exist`, {
      hint: 'Correct warehouse.path, or create the file with `adjust-s2s init`.',
    })
  const settings = {
    access_mode: readOnly ? 'READ_ONLY' : 'READ_WRITE',
    memory_limit: `${memoryLimitMb}MB`,
    checkpoint_threshold: CHECKPOINT_THRESHOLD,
    threads: String(Math.max(1, Math.floor(memoryLimitMb / MEMORY_PER_THREAD_MB))),
    ...(options.tempDirectory === undefined ? {} : { temp_directory: options.tempDirectory }),
  }
  try {
    const instance = await DuckDBInstance.create(path, settings)
    const memory = new MemoryLimit(memoryLimitMb, options.maxMemoryMb)
    return new DuckdbWarehouse(path, instance, await connect(instance), memory)
  } catch (error) {
    throw openError(path, error)
  }
}

async function connect(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect()
  // Dates are UTC days here as they are in BigQuery, whatever zone the machine is in.
  await connection.run("SET TimeZone = 'UTC'")
  return connection
}

class DuckdbWarehouse implements WarehouseAdmin {
  readonly name: string
  readonly isExclusive = true
  readonly #path: string
  readonly #instance: DuckDBInstance
  /** Appends, DDL and descriptions; a query has a connection of its own, for a second one would cut the first one's rows short. */
  readonly #connection: DuckDBConnection
  readonly #queries = new Set<RunningQuery>()
  readonly #oneAtATime = pLimit(1)
  readonly #tables: DuckdbTables
  readonly #memory: MemoryLimit
  #closed = false

  constructor(path: string, instance: DuckDBInstance, connection: DuckDBConnection, memory: MemoryLimit) {
    this.#path = path
    this.#memory = memory
    this.name = `duckdb:${path}`
    this.#instance = instance
    this.#connection = connection
    this.#tables = new DuckdbTables(connection, this.name)
  }

  describe(select: string): Promise<SourceColumn[]> {
    return this.#oneAtATime(async () => {
      const prepared = await this.#connection.prepare(select)
      try {
        if (prepared.parameterCount > 0)
          throw new Error('Binder Error: it has parameters, and nothing to fill them with')
        return describeColumns(prepared)
      } finally {
        prepared.destroySync()
      }
    }).catch((error: unknown) => {
      throw queryError(error, true)
    })
  }

  convertColumn(column: SourceColumn, to: ContractType): { sql: string } | { castHint: string } {
    return convertDuckdbColumn(column, to)
  }

  async *query(sql: string, options: QueryOptions = {}): AsyncIterable<ResultBatch> {
    options.signal?.throwIfAborted()
    const plan = duckdbPlan(sql, options.name)
    let query: RunningQuery | undefined
    try {
      query = await this.#execute(plan, options)
      yield* query.read()
    } catch (error) {
      options.signal?.throwIfAborted()
      throw queryError(error, options.source !== undefined)
    } finally {
      await this.#closeQuery(query)
    }
  }

  async estimate(): Promise<QueryEstimate> {
    return { bytes: null, maximumBytes: null }
  }

  /** Nothing has been read before it ends, so it may be tried again with more memory. */
  async #execute(plan: DuckdbPlan, options: QueryOptions): Promise<RunningQuery> {
    for (;;) {
      const query = await this.#openQuery(options.signal)
      try {
        await query.execute(plan, options)
        return query
      } catch (error) {
        await this.#closeQuery(query)
        const raisedMb = isOutOfMemory(error) ? this.#memory.raise() : null
        if (raisedMb === null) throw error
        await this.#oneAtATime(() => this.#connection.run(`SET memory_limit = '${raisedMb}MB'`))
      }
    }
  }

  async #closeQuery(query: RunningQuery | undefined): Promise<void> {
    if (!query) return
    this.#queries.delete(query)
    await query.close()
  }

  /** In turn with `close`, for DuckDB does not survive a connection that is made to an instance while it goes. */
  #openQuery(signal: AbortSignal | undefined): Promise<RunningQuery> {
    return this.#oneAtATime(async () => {
      if (this.#closed) throw new Error('the warehouse was closed before the query began')
      const query = new RunningQuery(await connect(this.#instance), signal)
      this.#queries.add(query)
      return query
    })
  }

  update(statement: string, options: Pick<QueryOptions, 'name' | 'parameters'> = {}): Promise<number> {
    return this.#oneAtATime(() =>
      this.#tables.change(translateChange(statement, options.name), options.parameters ?? {}),
    )
  }

  append(table: string, rows: TableRow[]): Promise<void> {
    return this.#oneAtATime(() => this.#tables.append(table, rows))
  }

  createTables(): Promise<string[]> {
    return this.#oneAtATime(() => this.#tables.createMissing())
  }

  missingTables(): Promise<string[]> {
    return this.#oneAtATime(() => this.#tables.missing())
  }

  ddl(): string[] {
    return duckdbDdl()
  }

  statistics(): { bytesBilled: null } {
    return { bytesBilled: null }
  }

  async probes(): Promise<Probe[]> {
    return duckdbProbes(this.#path, this)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    await this.#oneAtATime(async () => {
      this.#closed = true
      for (const query of this.#queries) await query.close()
      this.#connection.closeSync()
      this.#instance.closeSync()
    })
  }
}

function describeColumns(prepared: DuckDBPreparedStatement): SourceColumn[] {
  return Array.from({ length: prepared.columnCount }, (_, index) => {
    const type = prepared.columnType(index)
    return { name: prepared.columnName(index), type: (type.alias ?? type.toString()).toUpperCase() }
  })
}
