import { protobuf } from 'google-gax'
import { describe, expect, it } from 'vitest'
import { RowEncoder } from '../../src/warehouse/bigquery/row-encoder.ts'
import type { Table } from '../../src/warehouse/schema.ts'
import type { TableRow } from '../../src/warehouse/warehouse.ts'

const TABLE: Table = {
  name: 'things',
  description: 'One column of each type.',
  columns: [
    { name: 'id', type: 'string', required: true, description: '' },
    { name: 'names', type: 'string[]', description: '' },
    { name: 'amount', type: 'numeric', description: '' },
    { name: 'happened_at', type: 'timestamp', description: '' },
    { name: 'attempt', type: 'int64', description: '' },
    { name: 'is_new', type: 'bool', description: '' },
  ],
}

/** Google's extension of protobufjs, which the types do not know. */
type FromDescriptor = { fromDescriptor(descriptor: unknown): protobuf.Type }

/** As BigQuery reads it: by the descriptor, which is all that it is told of the row. */
function decoded(row: TableRow): Record<string, unknown> {
  const encoder = new RowEncoder(TABLE)
  const type = (protobuf.Type as unknown as FromDescriptor).fromDescriptor(encoder.descriptor)
  return type.toObject(type.decode(encoder.encode(row)), { longs: Number })
}

describe('a row for the Storage Write API', () => {
  it('is read by its descriptor as it was written', () => {
    const row = {
      id: 'ä😀\ufeff',
      names: ['a', '', 'b'],
      amount: '-12.500000001',
      happened_at: { timestampMicros: 1_747_742_400_123_456 },
      attempt: 0,
      is_new: false,
    }
    expect(decoded(row)).toEqual({ ...row, happened_at: 1_747_742_400_123_456 })
  })

  it('keeps instants before 1970 and the largest exact ones', () => {
    for (const timestampMicros of [-1, -62_135_596_800_000_000, Number.MAX_SAFE_INTEGER])
      expect(decoded({ id: '1', happened_at: { timestampMicros } })).toMatchObject({
        happened_at: timestampMicros,
      })
  })

  it('says nothing of what is NULL', () => {
    const row = { id: '1', names: [], amount: null, happened_at: null, attempt: null, is_new: null }
    expect(decoded(row)).toEqual({ id: '1' })
  })

  it('writes a decimal that came as a number as text', () => {
    expect(decoded({ id: '1', amount: 2.5 })).toEqual({ id: '1', amount: '2.5' })
  })

  it('has to have a value where the table wants one', () => {
    expect(() => new RowEncoder(TABLE).encode({ attempt: 1 })).toThrow('a row of things has no id')
  })
})
