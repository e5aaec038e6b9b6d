import type { DuckDBConnection } from '@duckdb/node-api'
import { TerminalError } from '../domain/errors.ts'
import { duckdbAddColumn, duckdbStatements } from './ddl.ts'
import { queryError } from './duckdb-errors.ts'
import { appendRows, bindings, type TableColumn } from './duckdb-values.ts'
import { columnsToAdd } from './older-tables.ts'
import { TABLES, VIEWS } from './schema.ts'
import type { QueryParameters, TableRow } from './warehouse.ts'

/** This program's tables in a DuckDB file. Its methods share a connection, so only one of them may run at a time. */
export class DuckdbTables {
  readonly #connection: DuckDBConnection
  readonly #warehouseName: string

  constructor(connection: DuckDBConnection, warehouseName: string) {
    this.#connection = connection
    this.#warehouseName = warehouseName
  }

  /** All rows or none; they are on the disk when it returns, for DuckDB syncs its log at every commit. */
  async append(table: string, rows: TableRow[]): Promise<void> {
    if (rows.length === 0) return
    const columns = await this.#tableColumns(table)
    await this.#allOrNothing(async () => {
      const appender = await this.#connection.createAppender(table)
      try {
        appendRows(appender, columns, rows)
        appender.closeSync()
      } catch (error) {
        // It would write what it still holds when it is collected, after the transaction.
        appender.clear()
        throw error
      }
    })
  }

  /** Runs a statement in DuckDB's own SQL, and answers how many rows it changed. */
  async change(sql: string, parameters: QueryParameters): Promise<number> {
    const [values, types] = bindings(parameters, sql)
    try {
      return (await this.#connection.run(sql, values, types)).rowsChanged
    } catch (error) {
      throw queryError(error, false)
    }
  }

  /**
   * Creates the tables and views that are missing, adds the columns that an earlier version's tables lack, and answers the names of both.
   * A view is made anew in any case: what it selects may have changed.
   */
  async createMissing(): Promise<string[]> {
    const present = await this.#columnNames()
    const added = TABLES.flatMap((table) => {
      const names = present.get(table.name)
      return names === undefined ? [] : columnsToAdd(table, names).map((column) => ({ table, column }))
    })
    const isView = (name: string) => VIEWS.some((view) => view.name === name)
    const due = [...duckdbStatements()].filter(([name]) => !present.has(name) || isView(name))
    // Columns first, for the views name them.
    const statements = [
      ...added.flatMap(({ table, column }) => duckdbAddColumn(table, column)),
      ...due.flatMap(([, ofOne]) => ofOne),
    ]
    await this.#allOrNothing(async () => {
      for (const statement of statements) await this.#connection.run(statement)
    })
    const created = due.map(([name]) => name).filter((name) => !present.has(name))
    return [...created, ...added.map(({ table, column }) => `${table.name}.${column.name}`)]
  }

  /** Names of tables and views that are missing, and `table.column`. */
  async missing(): Promise<string[]> {
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

  async #allOrNothing(work: () => Promise<void>): Promise<void> {
    await this.#connection.run('BEGIN TRANSACTION')
    try {
      await work()
      await this.#connection.run('COMMIT')
    } catch (error) {
      // A COMMIT that fails has rolled back already, and what it said matters more than that.
      await this.#connection.run('ROLLBACK').catch(() => {})
      throw queryError(error, false)
    }
  }

  async #tableColumns(table: string): Promise<TableColumn[]> {
    const types = new Map(
      TABLES.find(({ name }) => name === table)?.columns.map(({ name, type }) => [name, type]),
    )
    const names = (await this.#columnNames()).get(table)
    if (!names)
      throw new TerminalError(`table ${table} is missing in ${this.#warehouseName}`, {
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
}
