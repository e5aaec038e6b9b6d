import {
  BIGINT,
  BOOLEAN,
  type DuckDBAppender,
  DuckDBDataChunk,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  listValue,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api'
import { numericText } from './numeric.ts'
import type { ColumnType } from './schema.ts'
import type { QueryParameter, QueryParameters, TableRow } from './warehouse.ts'

/** Values and types for DuckDB's bind: only those that the text names, for DuckDB refuses others. A number is a whole one. */
export function bindings(
  parameters: QueryParameters,
  sql: string,
): [Record<string, DuckDBValue>, Record<string, DuckDBType>] {
  const values: Record<string, DuckDBValue> = {}
  const types: Record<string, DuckDBType> = {}
  for (const [, name = ''] of sql.matchAll(/\$([a-z_][a-z0-9_]*)/g)) {
    const parameter = parameters[name]
    if (parameter === undefined) throw new Error(`no value for the parameter @${name}`)
    ;[values[name], types[name]] = binding(parameter)
  }
  return [values, types]
}

function binding(parameter: QueryParameter): [DuckDBValue, DuckDBType] {
  if (typeof parameter === 'number') return [BigInt(parameter), BIGINT]
  if (typeof parameter === 'boolean') return [parameter, BOOLEAN]
  if (typeof parameter === 'string' || parameter === null) return [parameter, VARCHAR]
  return [timestampValue(parameter.timestampMicros), TIMESTAMPTZ]
}

function timestampValue(micros: number): DuckDBTimestampTZValue {
  return new DuckDBTimestampTZValue(BigInt(Math.round(micros)))
}

/** A column of a table as it is in the file; `type` is ours, undefined for a column that somebody added. */
export interface TableColumn {
  name: string
  type: ColumnType | undefined
}

/** DuckDB's own size of a chunk: it takes no more rows at once. */
const ROWS_PER_CHUNK = 2048

/** Appends rows chunk by chunk, in the order of the table's own columns. */
export function appendRows(appender: DuckDBAppender, columns: TableColumn[], rows: TableRow[]): void {
  const types = columns.map((_, index) => appender.columnType(index))
  for (let start = 0; start < rows.length; start += ROWS_PER_CHUNK) {
    const part = rows.slice(start, start + ROWS_PER_CHUNK)
    const chunk = DuckDBDataChunk.create(types)
    chunk.setColumns(columns.map(({ name, type }) => part.map((row) => tableValue(row[name] ?? null, type))))
    appender.appendDataChunk(chunk)
  }
}

function tableValue(value: QueryParameter | string[], type: ColumnType | undefined): DuckDBValue {
  if (value === null || type === undefined) return null
  if (typeof value === 'object')
    return Array.isArray(value) ? listValue(value) : timestampValue(value.timestampMicros)
  if (type === 'numeric') return decimalValue(value)
  return typeof value === 'number' ? BigInt(value) : value
}

const NUMERIC_WIDTH = 38
const NUMERIC_SCALE = 9

function decimalValue(value: string | number | boolean): DuckDBDecimalValue {
  const text = numericText(typeof value === 'number' ? value.toFixed(NUMERIC_SCALE) : String(value))
  if (text === null) throw new Error(`${value} does not fit a NUMERIC column`)
  const [whole = '', fraction = ''] = text.split('.')
  return new DuckDBDecimalValue(
    BigInt(whole + fraction.padEnd(NUMERIC_SCALE, '0')),
    NUMERIC_WIDTH,
    NUMERIC_SCALE,
  )
}
