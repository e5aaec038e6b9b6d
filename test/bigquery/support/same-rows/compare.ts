import { trimZeros } from '../../../../src/warehouse/numeric.ts'
import type { QueryValue } from '../../../../src/warehouse/warehouse.ts'

export type Row = Record<string, QueryValue>

/** The same rows as the two engines gave them. */
export interface Answers {
  duckdb: Row[]
  bigquery: Row[]
}

/** The first columns tell which row it is. */
const SHOWN_CHARACTERS = 200

/** Where the answers part, row by row and column by column; null when they are the same. */
export function firstDifference({ duckdb, bigquery }: Answers): string | null {
  for (const [index, row] of duckdb.entries()) {
    const other = bigquery[index]
    if (other === undefined) break
    const columns = [...new Set([...Object.keys(row), ...Object.keys(other)])]
    const column = columns.find((name) => row[name] !== other[name])
    if (column !== undefined)
      return `row ${index}, column ${column}: DuckDB has ${text(row[column])}, BigQuery has ${text(other[column])}, in ${text(row).slice(0, SHOWN_CHARACTERS)}`
  }
  if (duckdb.length === bigquery.length) return null
  return `DuckDB has ${duckdb.length} rows, BigQuery has ${bigquery.length}`
}

function text(value: unknown): string {
  return value === undefined ? 'no such column' : JSON.stringify(value)
}

/** Columns that have the same value in every row, all of them where there is no row: about them a comparison says nothing. */
export function constantColumns(rows: readonly Row[]): string[] {
  const [first] = rows
  if (!first) return ['no rows']
  return Object.keys(first).filter((name) => rows.every((row) => row[name] === first[name]))
}

/** The emulator prints a NUMERIC as Python does, `1E-9`; BigQuery and DuckDB never use an exponent. */
const EXPONENT = /^(-?)([0-9])(?:\.([0-9]+))?E-([0-9]+)$/

/** The same decimal without its exponent and without closing zeros; everything else as it is. */
export function withoutExponent(value: QueryValue): QueryValue {
  const [, sign = '', digit = '', fraction = '', places = ''] =
    (typeof value === 'string' && EXPONENT.exec(value)) || []
  return digit === '' ? value : trimZeros(`${sign}0.${'0'.repeat(Number(places) - 1)}${digit}${fraction}`)
}
