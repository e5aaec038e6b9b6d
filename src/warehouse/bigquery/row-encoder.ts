import { adapt } from '@google-cloud/bigquery-storage'
import { protobuf } from 'google-gax'
import { bigqueryType } from '../ddl.ts'
import type { ColumnType, Table } from '../schema.ts'
import type { TableRow } from '../warehouse.ts'

/** https://cloud.google.com/bigquery/docs/supported-data-types */
const PROTO_TYPES: Record<ColumnType, string> = {
  string: 'string',
  'string[]': 'string',
  int64: 'int64',
  bool: 'bool',
  numeric: 'string',
  timestamp: 'int64',
}

/**
 * Makes rows of a table into the Protocol Buffers messages that the Storage Write API takes. Google's JSONWriter does so too, for any
 * JSON, and copies each row on the way: that costs more than everything else about an append.
 */
export class RowEncoder {
  readonly table: Table
  readonly #type: protobuf.Type

  constructor(table: Table) {
    this.table = table
    const fields = table.columns.map(({ name, type, required }, index) => {
      const rule = type === 'string[]' ? 'repeated' : required ? 'required' : 'optional'
      return [name, { id: index + 1, type: PROTO_TYPES[type], rule }] as const
    })
    this.#type = protobuf.Type.fromJSON('root', { fields: Object.fromEntries(fields) })
  }

  /** Tells BigQuery what the messages are; it numbers the columns in the same way. */
  get descriptor() {
    const fields = this.table.columns.map((column) => {
      const isList = column.type === 'string[]'
      const mode = isList ? 'REPEATED' : column.required ? 'REQUIRED' : 'NULLABLE'
      return { name: column.name, type: isList ? 'STRING' : bigqueryType(column), mode }
    })
    const schema = adapt.convertBigQuerySchemaToStorageTableSchema({ fields })
    return adapt.convertStorageSchemaToProto2Descriptor(schema, 'root')
  }

  /** NULLs are left out; instants are micros, decimals text. A row without a required column is a bug. */
  encode(row: TableRow): Uint8Array {
    const cells: Record<string, string | number | boolean | string[]> = {}
    for (const { name, type, required } of this.table.columns) {
      const value = row[name] ?? null
      if (value === null && required)
        throw new Error(`a row of ${this.table.name} has no ${name}: ${JSON.stringify(row)}`)
      if (value === null) continue
      if (typeof value === 'object' && !Array.isArray(value)) cells[name] = Math.round(value.timestampMicros)
      else cells[name] = type === 'numeric' ? String(value) : value
    }
    return this.#type.encode(cells).finish()
  }
}
