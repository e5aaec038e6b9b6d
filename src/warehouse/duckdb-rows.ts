import {
  type DuckDBDataChunk,
  type DuckDBPreparedStatement,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api'
import { trimZeros } from './numeric.ts'
import type { QueryValue, ResultBatch } from './warehouse.ts'

/**
 * How rows come out of DuckDB: as one JSON text each, `["order-1",17,null]`. The client takes several times as long to fetch every
 * value by itself as DuckDB and `JSON.parse` take together.
 */
export interface RowFormat {
  /** The expression that makes a row's text of its columns. */
  sql: string
  read(chunk: DuckDBDataChunk): ResultBatch['columns']
}

/** For the rows of this statement. A type that no query should return is a bug. */
export function rowFormat(statement: DuckDBPreparedStatement): RowFormat {
  const columns = Array.from({ length: statement.columnCount }, (_, index) =>
    columnFormat(statement.columnName(index), statement.columnType(index)),
  )
  return {
    sql: `CAST(json_array(${columns.map(({ sql }) => sql).join(', ')}) AS VARCHAR)`,
    read: (chunk) => readRows(chunk, columns),
  }
}

interface ColumnFormat {
  name: string
  sql: string
  /** Makes our value of JSON's; null where they are the same. */
  read: ((value: QueryValue) => QueryValue) | null
}

function columnFormat(name: string, type: DuckDBType): ColumnFormat {
  const quoted = `"${name.replaceAll('"', '""')}"`
  switch (type.typeId) {
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.INTEGER:
      return { name, sql: quoted, read: null }
    case DuckDBTypeId.BIGINT:
      return { name, sql: exactInJson(quoted), read: null }
    case DuckDBTypeId.HUGEINT:
      return { name, sql: `CAST(${quoted} AS VARCHAR)`, read: (value) => wholeNumber(String(value)) }
    case DuckDBTypeId.DECIMAL:
      return { name, sql: `CAST(${quoted} AS VARCHAR)`, read: (value) => trimZeros(String(value)) }
    default:
      throw new Error(`column ${name} has type ${type}, which no query may return`)
  }
}

/** A whole number beyond 2^53 comes as text, so that no digit is lost. */
function exactInJson(column: string): string {
  const [least, most] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  return `CASE WHEN ${column} BETWEEN ${least} AND ${most} THEN to_json(${column}) ELSE to_json(CAST(${column} AS VARCHAR)) END`
}

function wholeNumber(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

function readRows(chunk: DuckDBDataChunk, formats: readonly ColumnFormat[]): ResultBatch['columns'] {
  const { rowCount } = chunk
  const texts = chunk.getColumnVector(0)
  const columns = formats.map(() => new Array<QueryValue>(rowCount))
  for (let row = 0; row < rowCount; row++) {
    const values = JSON.parse(texts.getItem(row) as string) as QueryValue[]
    for (let index = 0; index < columns.length; index++) columns[index]![row] = values[index]!
  }
  return Object.fromEntries(formats.map(({ name, read }, index) => [name, convert(columns[index]!, read)]))
}

function convert(values: QueryValue[], read: ColumnFormat['read']): QueryValue[] {
  return read ? values.map((value) => (value === null ? null : read(value))) : values
}
