import { writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { checkContract } from '../../../src/extract/extract.ts'
import { readQuery } from '../../../src/warehouse/queries.ts'
import type { QueryParameters, QueryValue, TableRow, Warehouse } from '../../../src/warehouse/warehouse.ts'
import { storedRowQueries } from '../../bigquery/support/same-rows/stored-rows.ts'
import { duckdb } from '../../warehouse/duckdb-engine.ts'
import { scratchPath } from '../../warehouse/scratch.ts'
import { rowsOf } from '../../warehouse/warehouse-suite.ts'
import { Tables } from '../tables.ts'
import { microsOf, type SourceRecord, wholeValue } from './records.ts'

type Row = Record<string, QueryValue>

/** A DuckDB and the simulation's tables that hold the same rows, and are asked the same. */
export class SideBySide {
  readonly #warehouse: Warehouse
  readonly #projection: string
  readonly #tables = new Tables()

  private constructor(warehouse: Warehouse, projection: string, source: readonly SourceRecord[]) {
    this.#warehouse = warehouse
    this.#projection = projection
    this.#tables.source.push(...source)
  }

  /** The program's tables are empty; they go when the test ends. */
  static async open(source: readonly SourceRecord[]): Promise<SideBySide> {
    const warehouse = await duckdb.open()
    return new SideBySide(warehouse, await checkContract(warehouse, sourceSelect(source)), source)
  }

  async append(table: string, rows: readonly TableRow[]): Promise<void> {
    await this.#warehouse.append(table, [...rows])
    this.#tables.append(table, rows)
  }

  /** Asks both, and answers the rows if they are the same in the same order. */
  async query(file: string, parameters: QueryParameters): Promise<Row[]> {
    const name = `sql/${file}`
    const options = { name, parameters, source: this.#projection }
    const expected = await rowsOf(this.#warehouse, readQuery(file), options)
    const rows = this.#tables.query(name, parameters)
    expect(rows, `${name} with ${parametersText(parameters)}`).toStrictEqual(expected)
    return rows
  }

  /** Changes both, and answers how many rows changed if they are as many and all leases are the same then. */
  async update(file: string, parameters: QueryParameters): Promise<number> {
    const name = `sql/${file}`
    const expected = await this.#warehouse.update(readQuery(file), { name, parameters })
    const changed = this.#tables.update(name, parameters)
    const about = `${name} with ${parametersText(parameters)}`
    expect(changed, about).toBe(expected)
    const leases = await rowsOf(this.#warehouse, storedRowQueries().s2s_lease!)
    expect(inAnyOrder(this.#tables.lease.map(storedLease)), about).toStrictEqual(inAnyOrder(leases))
    return changed
  }
}

/** DuckDB reads the rows from a file, revenue as text. */
function sourceSelect(rows: readonly SourceRecord[]): string {
  const path = scratchPath('source.json')
  writeFileSync(path, JSON.stringify(rows))
  const types = Object.keys(rows[0]!).map(
    (name) => `${name}: '${name === 'occurred_at_micros' ? 'BIGINT' : 'VARCHAR'}'`,
  )
  return `SELECT * EXCLUDE (occurred_at_micros), make_timestamptz(occurred_at_micros) AS occurred_at
    FROM read_json('${path}', format = 'array', columns = {${types.join(', ')}})`
}

function storedLease(row: TableRow): Row {
  const { acquired_at = null, expires_at = null, ...others } = row
  return {
    ...(others as Row),
    acquired_at_micros: wholeValue(microsOf(acquired_at)),
    expires_at_micros: wholeValue(microsOf(expires_at)),
  }
}

function inAnyOrder(rows: Row[]): Row[] {
  const text = (row: Row) => JSON.stringify(Object.entries(row).sort())
  return rows.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
}

function parametersText(parameters: QueryParameters): string {
  return JSON.stringify(parameters, (_, value) => value?.timestampMicros ?? value)
}
