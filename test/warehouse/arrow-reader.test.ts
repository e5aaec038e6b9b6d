import { Readable } from 'node:stream'
import type { BigQueryReadClient } from '@google-cloud/bigquery-storage'
import { Bool, Float64, Int64, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readArrow } from '../../src/warehouse/bigquery/arrow-reader.ts'
import type { QueryValue } from '../../src/warehouse/warehouse.ts'

type Row = { text: string | null; whole: bigint | null; flag: boolean | null }

function arrow(rows: Row[]): Buffer {
  const table = new Table({
    text: vectorFromArray(
      rows.map(({ text }) => text),
      new Utf8(),
    ),
    whole: vectorFromArray(
      rows.map(({ whole }) => whole),
      new Int64(),
    ),
    flag: vectorFromArray(
      rows.map(({ flag }) => flag),
      new Bool(),
    ),
  })
  return Buffer.from(tableToIPC(table, 'stream'))
}

/** Cuts Arrow's stream into its schema and its batch, as the Storage Read API sends them. */
function cut(stream: Buffer): { schema: Buffer; batch: Buffer } {
  const schemaEnd = 8 + stream.readInt32LE(4)
  return { schema: stream.subarray(0, schemaEnd), batch: stream.subarray(schemaEnd, -8) }
}

async function read(stream: Buffer, totalRows: number): Promise<Record<string, QueryValue[]>> {
  const { schema, batch } = cut(stream)
  const messages = [{ arrowRecordBatch: { serializedRecordBatch: batch } }]
  const readRows = () => Object.assign(Readable.from(messages), { cancel() {} })
  const client = { readRows } as unknown as BigQueryReadClient
  const all: Record<string, QueryValue[]> = {}
  const source = { name: 's', schema }
  for await (const { columns } of readArrow(client, source, totalRows, { firstRetry: {}, retry: {} }))
    for (const [name, values] of Object.entries(columns)) all[name] = [...(all[name] ?? []), ...values]
  return all
}

const readRows = (rows: Row[]) => read(arrow(rows), rows.length)

describe('the Arrow reader', () => {
  it('gives back every text, whole number and truth value, and NULL where there is none', async () => {
    const row = fc.record({
      text: fc.option(fc.string({ unit: 'binary', maxLength: 8 })),
      whole: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      flag: fc.option(fc.boolean()),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        const exact = (whole: bigint) => (Number.isSafeInteger(Number(whole)) ? Number(whole) : String(whole))
        expect(await readRows(rows)).toEqual({
          text: rows.map(({ text }) => text),
          whole: rows.map(({ whole }) => (whole === null ? null : exact(whole))),
          flag: rows.map(({ flag }) => flag),
        })
      }),
    )
  })

  it('leaves a byte order mark where it is, for it makes another id', async () => {
    const rows = ['\ufefforder-1', '\ufeff', 'order-1'].map((text) => ({ text, whole: null, flag: null }))
    expect((await readRows(rows)).text).toEqual(['\ufefforder-1', '\ufeff', 'order-1'])
  })

  it('finds the NULLs of a message that is too long for one batch', async () => {
    const rows = Array.from({ length: 10_001 }, (_, row) => ({
      text: row % 3 === 0 ? null : `order-${row}`,
      whole: row % 5 === 0 ? null : BigInt(row),
      flag: row % 7 === 0 ? null : row % 2 === 0,
    }))
    const read = await readRows(rows)
    expect(read.text).toEqual(rows.map(({ text }) => text))
    expect(read.whole).toEqual(rows.map(({ whole }) => (whole === null ? null : Number(whole))))
    expect(read.flag).toEqual(rows.map(({ flag }) => flag))
  })

  it('reads a column without any value', async () => {
    const rows = Array.from({ length: 9 }, () => ({ text: null, whole: null, flag: null }))
    expect((await readRows(rows)).text).toEqual(Array(9).fill(null))
  })

  it('refuses a type that no query may return', async () => {
    const table = new Table({ ratio: vectorFromArray([0.5], new Float64()) })
    await expect(read(Buffer.from(tableToIPC(table, 'stream')), 1)).rejects.toThrow(
      'column ratio has type Float64',
    )
  })
})
