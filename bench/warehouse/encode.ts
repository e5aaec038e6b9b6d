import { protos } from '@google-cloud/bigquery-storage'
import { Bool, Int64, Table, tableToIPC, Utf8, type Vector, vectorFromArray } from 'apache-arrow'
import type { QueryValue } from '../../src/warehouse/warehouse.ts'
import { COLUMNS, type ColumnType, extractedRow } from './rows.ts'
import { Template } from './template.ts'

const { ReadRowsResponse } = protos.google.cloud.bigquery.storage.v1

/** `rows` of a page as the REST API gives them: every value as text. */
export function restRows(count: number): Template {
  const rows = rowsUpTo(count).map((row) => ({
    f: Object.keys(COLUMNS).map((name) => ({ v: row[name] === undefined ? null : String(row[name]) })),
  }))
  return new Template(Buffer.from(JSON.stringify(rows)), count, (micros) => Buffer.from(String(micros)))
}

const REST_TYPES: Record<ColumnType, string> = { text: 'STRING', whole: 'INTEGER', bool: 'BOOLEAN' }

export const REST_SCHEMA = {
  fields: Object.entries(COLUMNS).map(([name, type]) => ({ name, type: REST_TYPES[type], mode: 'NULLABLE' })),
}

/** An answer of the Storage Read API: one record batch. */
export function arrowAnswer(count: number): Template {
  const { batch } = arrowMessages(count)
  const answer = { rowCount: count, arrowRecordBatch: { serializedRecordBatch: batch } }
  const bytes = Buffer.from(ReadRowsResponse.encode(answer).finish())
  return new Template(bytes, count, (micros) => {
    const encoded = Buffer.alloc(8)
    encoded.writeBigInt64LE(BigInt(micros))
    return encoded
  })
}

export function arrowSchema(): Buffer {
  return arrowMessages(1).schema
}

/** Messages of Arrow's stream format. https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc */
function arrowMessages(count: number): { schema: Buffer; batch: Buffer } {
  const rows = rowsUpTo(count)
  const vectors = Object.entries(COLUMNS).map(([name, type]) => [name, vector(rows, name, type)] as const)
  const stream = Buffer.from(tableToIPC(new Table(Object.fromEntries(vectors)), 'stream'))
  // A mark and the length of the rest come first; the schema is a message without a body. The stream ends with 8 bytes.
  const schemaEnd = 8 + stream.readInt32LE(4)
  return { schema: stream.subarray(0, schemaEnd), batch: stream.subarray(schemaEnd, -8) }
}

function vector(rows: Record<string, QueryValue>[], name: string, type: ColumnType): Vector {
  const values = rows.map((row) => row[name] ?? null)
  if (type === 'text') return vectorFromArray(values as (string | null)[], new Utf8())
  if (type === 'bool') return vectorFromArray(values as (boolean | null)[], new Bool())
  return vectorFromArray(
    values.map((value) => (value === null ? null : BigInt(value))),
    new Int64(),
  )
}

function rowsUpTo(count: number): Record<string, QueryValue>[] {
  return Array.from({ length: count }, (_, row) => extractedRow(row))
}
