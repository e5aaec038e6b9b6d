import { writeFileSync } from 'node:fs'
import { inject } from 'vitest'
import { checkContract } from '../../../../src/extract/extract.ts'
import type { QueryOptions, TableRow, Warehouse } from '../../../../src/warehouse/warehouse.ts'
import { duckdb } from '../../../warehouse/duckdb-engine.ts'
import type { SourceCells } from '../../../warehouse/engine.ts'
import { scratchPath } from '../../../warehouse/scratch.ts'
import { rowsOf } from '../../../warehouse/warehouse-suite.ts'
import { bigquery } from '../bigquery-engine.ts'
import { LOCATION } from '../dataset.ts'
import { bigqueryClient } from '../google-clients.ts'
import { type Answers, type Row, withoutExponent } from './compare.ts'
import type { RevenueType } from './source-rows.ts'

/** One of the two warehouses, and the source in it in the shape of the contract. */
interface Side {
  warehouse: Warehouse
  projection: string
}

/** A DuckDB and a BigQuery that hold the same rows. */
export class BothEngines {
  readonly #duckdb: Side
  readonly #bigquery: Side

  private constructor(duckdbSide: Side, bigquerySide: Side) {
    this.#duckdb = duckdbSide
    this.#bigquery = bigquerySide
  }

  /** Two new warehouses with this program's tables, still empty, and the source; they go when the test ends. */
  static async open(source: SourceCells[], revenueType: RevenueType): Promise<BothEngines> {
    return new BothEngines(
      await openSide(await duckdb.open(), (rows) => duckdbSource(rows, revenueType), source),
      await openSide(await bigquery.open(), (rows, name) => bigquerySource(rows, name, revenueType), source),
    )
  }

  async append(table: string, rows: TableRow[]): Promise<void> {
    for (const { warehouse } of [this.#duckdb, this.#bigquery]) await warehouse.append(table, rows)
  }

  /** The rows of a query; where it has `{{source}}`, of the source. */
  async query(sql: string, options: QueryOptions): Promise<Answers> {
    const rows = ({ warehouse, projection }: Side) =>
      rowsOf(warehouse, sql, sql.includes('{{source}}') ? { ...options, source: projection } : options)
    const plain = (row: Row): Row =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, withoutExponent(value)]))
    return { duckdb: await rows(this.#duckdb), bigquery: (await rows(this.#bigquery)).map(plain) }
  }

  /** Numbers of changed rows. */
  async update(sql: string, options: QueryOptions): Promise<{ duckdb: number; bigquery: number }> {
    return {
      duckdb: await this.#duckdb.warehouse.update(sql, options),
      bigquery: await this.#bigquery.warehouse.update(sql, options),
    }
  }
}

async function openSide(
  warehouse: Warehouse,
  makeSource: (rows: SourceCells[], warehouseName: string) => Promise<string>,
  rows: SourceCells[],
): Promise<Side> {
  const select = await makeSource(rows, warehouse.name)
  return { warehouse, projection: await checkContract(warehouse, select) }
}

/** DuckDB reads a file with the rows; a SELECT that spelt them out would be as good, and slower on BigQuery's side. */
async function duckdbSource(rows: SourceCells[], revenueType: RevenueType): Promise<string> {
  const path = scratchPath('source.json')
  writeFileSync(path, JSON.stringify(rows))
  const names = Object.keys(rows[0]!)
  const columns = names.map((name) => `${name}: 'VARCHAR'`).join(', ')
  const types: Record<string, string> = {
    occurred_at: 'TIMESTAMP WITH TIME ZONE',
    callback_params: 'JSON',
    ...(revenueType === 'decimal' ? { revenue: 'DECIMAL(38,9)' } : {}),
  }
  const items = names.map((name) => (types[name] ? `CAST(${name} AS ${types[name]}) AS ${name}` : name))
  return `SELECT ${items.join(', ')} FROM read_json('${path}', format = 'array', columns = {${columns}})`
}

/** BigQuery has them in a table, streamed there over the REST API, past the proxy and the warehouse. */
async function bigquerySource(
  rows: SourceCells[],
  warehouseName: string,
  revenueType: RevenueType,
): Promise<string> {
  const client = bigqueryClient(inject('bigquery').restUrl)
  const dataset = client.dataset(warehouseName.split('.').at(-1)!, { location: LOCATION })
  const types: Record<string, string> = {
    occurred_at: 'TIMESTAMP',
    callback_params: 'JSON',
    ...(revenueType === 'decimal' ? { revenue: 'NUMERIC' } : {}),
  }
  const schema = Object.keys(rows[0]!).map((name) => ({ name, type: types[name] ?? 'STRING' }))
  const [table] = await dataset.createTable('transactions', { schema })
  await table.insert(rows)
  return 'SELECT * FROM transactions'
}
