import { existsSync } from 'node:fs'
import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement } from '@duckdb/node-api'
import pLimit from 'p-limit'
import { TerminalError } from '../domain/errors.ts'
import { duckdbDdl, duckdbStatements } from './ddl.ts'
import { convertDuckdbColumn } from './duckdb-columns.ts'
import { openError, queryError } from './duckdb-errors.ts'
import { RunningQuery } from './duckdb-query.ts'
import { appendRows, bindings, type TableColumn } from './duckdb-values.ts'
import { TABLES, VIEWS } from './schema.ts'
import { translate } from './translate.ts'
import type {
  ContractType,
  QueryOptions,
  ResultBatch,
  SourceColumn,
  TableRow,
  Warehouse,
} from './warehouse.ts'

export interface DuckdbOptions {
  path: string
  /** Makes the file where it is missing: for `init` and the demo alone, so that a mistyped path is not a new, empty warehouse. */
  create?: boolean
  readOnly?: boolean
  /** Where a large sort may spill; next to the file otherwise. */
  tempDirectory?: string
  /** 256 is enough to sort millions of rows, which then spill, and leaves a small container room for the rest. */
  memoryLimitMb?: number
}

/** Delivery waits for Adjust, not for SQL; each further thread of a sort takes its share of the memory limit. */
const THREADS = 2

/**
 * Opens a DuckDB file. Throws `TransientError` when another process has it, `TerminalError` when it is missing, is none, or
 * cannot be opened.
 */
export async function openDuckdbWarehouse(options: DuckdbOptions): Promise<Warehouse> {
  const { path, create = false, readOnly = false, memoryLimitMb = 256 } = options
  if (!create && path !== ':memory:' && !existsSync(path))
    throw new TerminalError(`${path} does not exist`, {
      hint: 'Correct warehouse.path, or create the file with `adjust-s2s init`.',
    })
  const settings = {
    access_mode: readOnly ? 'READ_ONLY' : 'READ_WRITE',
    memory_limit: `${memoryLimitMb}MB`,
    threads: String(THREADS),
    ...(options.tempDirectory === undefined ? {} : { temp_directory: options.tempDirectory }),
  }
  try {
    const instance = await DuckDBInstance.create(path, settings)
    return new DuckdbWarehouse(path, instance, await connect(instance))
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

class DuckdbWarehouse implements Warehouse {
  readonly name: string
  readonly #instance: DuckDBInstance
  /** Appends, DDL and descriptions; a query has a connection of its own, for a second one would cut the first one's rows short. */
  readonly #connection: DuckDBConnection
  readonly #queries = new Set<RunningQuery>()
  readonly #oneAtATime = pLimit(1)
  #closed = false

  constructor(path: string, instance: DuckDBInstance, connection: DuckDBConnection) {
    this.name = `duckdb:${path}`
    this.#instance = instance
    this.#connection = connection
  }

  async describe(select: string): Promise<SourceColumn[]> {
    try {
      const prepared = await this.#connection.prepare(select)
      if (prepared.parameterCount > 0)
        throw new Error('Binder Error: it has parameters, and nothing to fill them with')
      return describeColumns(prepared)
    } catch (error) {
      throw queryError(error, true)
    }
  }

  convertColumn(column: SourceColumn, to: ContractType): { sql: string } | { castHint: string } {
    return convertDuckdbColumn(column, to)
  }

  async *query(sql: string, options: QueryOptions = {}): AsyncIterable<ResultBatch> {
    options.signal?.throwIfAborted()
    const text = translate(sql, options.name).replaceAll('{{source}}', () => options.source ?? '')
    const query = new RunningQuery(await connect(this.#instance), options.signal)
    this.#queries.add(query)
    try {
      const [values, types] = bindings(options.parameters ?? {})
      yield* query.run(text, values, types)
    } catch (error) {
      options.signal?.throwIfAborted()
      throw queryError(error, options.source !== undefined)
    } finally {
      this.#queries.delete(query)
      await query.close()
    }
  }

  append(table: string, rows: TableRow[]): Promise<void> {
    return this.#oneAtATime(async () => {
      if (rows.length === 0) return
      const columns = await this.#tableColumns(table)
      await this.#connection.run('BEGIN TRANSACTION')
      try {
        const appender = await this.#connection.createAppender(table)
        appendRows(appender, columns, rows)
        appender.closeSync()
        await this.#connection.run('COMMIT')
      } catch (error) {
        await this.#connection.run('ROLLBACK')
        throw queryError(error, false)
      }
    })
  }

  async #tableColumns(table: string): Promise<TableColumn[]> {
    const types = new Map(
      TABLES.find(({ name }) => name === table)?.columns.map(({ name, type }) => [name, type]),
    )
    const names = (await this.#columnNames()).get(table)
    if (!names)
      throw new TerminalError(`table ${table} is missing in ${this.name}`, {
        hint: 'Create the tables with `adjust-s2s init`.',
      })
    return names.map((name) => ({ name, type: types.get(name) }))
  }

  async #columnNames(): Promise<Map<string, string[]>> {
    const reader = await this.#connection.runAndReadAll(
      `SELECT table_name, column_name FROM duckdb_columns()
       WHERE database_name = current_database() AND schema_name = current_schema() ORDER BY table_name, column_index`,
    )
    const rows = reader.getRows() as [string, string][]
    return new Map(
      Object.entries(Object.groupBy(rows, ([table]) => table)).map(([table, of]) => [
        table,
        of!.map(([, name]) => name),
      ]),
    )
  }

  createTables(): Promise<string[]> {
    return this.#oneAtATime(async () => {
      const present = await this.#columnNames()
      const missing = [...duckdbStatements()].filter(([name]) => !present.has(name))
      for (const [, statements] of missing)
        for (const statement of statements) await this.#connection.run(statement)
      return missing.map(([name]) => name)
    })
  }

  ddl(): string[] {
    return duckdbDdl()
  }

  async missingTables(): Promise<string[]> {
    const present = await this.#columnNames()
    const tables = TABLES.flatMap(({ name, columns }) => {
      const names = present.get(name)
      if (!names) return [name]
      return columns
        .filter((column) => !names.includes(column.name))
        .map((column) => `${name}.${column.name}`)
    })
    return [...tables, ...VIEWS.map(({ name }) => name).filter((name) => !present.has(name))]
  }

  statistics(): { bytesBilled: null } {
    return { bytesBilled: null }
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
