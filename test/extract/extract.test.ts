import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { deviceName } from '../../src/domain/device-name.ts'
import { TerminalError } from '../../src/domain/errors.ts'
import { IDENTIFIERS, type Identifier, type SourceRow } from '../../src/domain/event.ts'
import { checkContract, extract } from '../../src/extract/extract.ts'
import { compareCodePoints, OrderCheck } from '../../src/extract/order-check.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { auditRow } from '../warehouse/audit-row.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { selectOf } from '../warehouse/engine.ts'
import { makeDuckdbFile, scratchPath } from '../warehouse/scratch.ts'
import { describeExtract } from './extract-suite.ts'

describeExtract(duckdb)

const NOW = Date.parse('2025-06-01T00:00:00Z')
const OPTIONS = {
  window: { fromMs: NOW - 58 * 86_400_000, toMs: NOW, full: true },
  resend: 'none',
  nowMs: NOW,
  inDoubtBlocks: { revenue: true, other: true },
  inDoubtHoldHours: 24,
} as const

describe('the order check', () => {
  const row = (occurredAtMicros: number | null, transactionId: string) =>
    ({ occurredAtMicros, transactionId }) as SourceRow

  it('compares texts as their UTF-8 bytes compare', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (left, right) => {
        const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right))
        expect(Math.sign(compareCodePoints(left, right))).toBe(bytes)
      }),
    )
  })

  it('takes rows in order, over several batches', () => {
    const check = new OrderCheck()
    check.check([row(null, 'b'), row(null, 'c'), row(1, 'a')])
    expect(() => check.check([row(1, 'a'), row(1, '～'), row(1, '😀'), row(2, 'A')])).not.toThrow()
  })

  it.each([
    ['an earlier time', row(0, 'z')],
    ['no time after one', row(null, 'z')],
    ['an earlier id', row(1, 'A')],
  ])('throws at %s', (_, second) => {
    expect(() => new OrderCheck().check([row(1, 'a'), second])).toThrow('out of order')
  })
})

describe('names of devices', () => {
  const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), minLength: 1, maxLength: 32 })
  const uuid = fc.uuid().chain((id) => fc.constantFrom(id, id.toUpperCase()))
  const printable = fc.string({
    unit: fc.constantFrom(...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))),
    minLength: 1,
    maxLength: 64,
  })
  const free = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((id) => !id.includes('\0') && id.trim() === id && id !== '')
  const values: Record<Identifier, fc.Arbitrary<string>> = {
    adid: printable,
    idfa: uuid,
    idfv: uuid,
    gps_adid: uuid,
    android_id: hex,
    fire_adid: uuid,
    oaid: uuid,
    web_uuid: printable,
    external_device_id: free,
    device_id: free,
  }
  const identifier = fc
    .constantFrom(...IDENTIFIERS)
    .chain((kind) => values[kind].map((value) => ({ kind, value })))
  const valid = identifier.filter(({ value }) => !/^[0-]+$/.test(value))

  it('are the same in the warehouse and in the program', async () => {
    const device = deviceName('adid', 'the device')
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(valid, {
          minLength: 1,
          maxLength: 40,
          selector: ({ kind, value }) => deviceName(kind, value),
        }),
        async (identifiers) => {
          const warehouse = await openDuckdbWarehouse({ path: ':memory:' })
          try {
            await warehouse.createTables()
            // Each name leads to one device; a row that the warehouse names otherwise would not find it.
            const named = identifiers.map(({ kind, value }) => deviceName(kind, value))
            await warehouse.append('s2s_audit', [
              auditTableRow(auditRow({ transactionId: 't', device, deviceNames: named })),
            ])
            const source = identifiers.map(({ kind, value }, index) => ({
              transaction_id: `t${index}`,
              occurred_at: '2025-05-20T12:00:00Z',
              app_token: 'a',
              event_token: 'e',
              adid: null,
              [kind]: value,
            }))
            const projection = await checkContract(warehouse, selectOf(duckdb, source))
            for await (const batch of extract(warehouse, projection, OPTIONS))
              for (const row of batch) expect(row).toMatchObject({ knownDeviceNames: [device] })
          } finally {
            await warehouse.close()
          }
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('large windows', () => {
  const window = async (maxMemoryMb: number) => {
    const path = scratchPath('large.duckdb')
    await makeDuckdbFile(path, [
      `CREATE TABLE purchases AS SELECT 't' || i AS transaction_id,
         TIMESTAMPTZ '2025-05-01 00:00:00+00' + INTERVAL 1 SECOND * (hash(i) % 1000000)::BIGINT AS occurred_at,
         'app000000001' AS app_token, 'buy001' AS event_token, md5((i // 4)::VARCHAR) AS adid,
         repeat(md5(i::VARCHAR), 30) AS user_agent
       FROM range(100000) t(i)`,
    ])
    const warehouse = await openDuckdbWarehouse({ path, memoryLimitMb: 64, maxMemoryMb, create: true })
    onTestFinished(() => warehouse.close())
    await warehouse.createTables()
    const projection = await checkContract(warehouse, 'SELECT * FROM purchases')
    const sizes: number[] = []
    for await (const batch of extract(warehouse, projection, OPTIONS)) sizes.push(batch.length)
    return sizes
  }

  it('come in batches, all of them, and take more memory when they need it', async () => {
    const sizes = await window(512)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100_000)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2048)
  })

  it('that need more than there is say what to do', async () => {
    const error = await window(64).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TerminalError)
    expect((error as TerminalError).hint).toContain('--from')
  })
})
