import { describe, expect, it } from 'vitest'
import type { SourceRow } from '../../src/domain/event.ts'
import type { AuditRow } from '../../src/domain/settlement.ts'
import { checkContract, type ExtractOptions, extract } from '../../src/extract/extract.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { trimZeros } from '../../src/warehouse/numeric.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { auditRow, micros, name } from '../warehouse/audit-row.ts'
import { type Engine, type SourceCells, selectOf } from '../warehouse/engine.ts'

const NOW = Date.parse('2025-06-01T00:00:00Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR

const OPTIONS: ExtractOptions = {
  window: { fromMs: NOW - 58 * DAY, toMs: NOW - HOUR, full: true },
  resend: 'none',
  nowMs: NOW,
  inDoubtBlocks: { revenue: true, other: true },
  inDoubtHoldHours: 24,
}

/** A purchase of device a1, with what the test says otherwise. */
function row(cells: SourceCells & { transaction_id: string | null }): SourceCells {
  return {
    occurred_at: '2025-05-20T12:00:00Z',
    app_token: 'app000000001',
    event_token: 'buy001',
    adid: 'a1',
    ...cells,
  }
}

/** An audit row that is younger than the hold time. */
const recent = (fields: Parameters<typeof auditRow>[0]) => auditRow({ settledAtMs: NOW - HOUR, ...fields })

const inDoubt = { status: 'in_doubt', reason: 'timed_out' } as const

interface Case {
  source: SourceCells[]
  audit?: AuditRow[]
  options?: Partial<ExtractOptions>
}

async function read(warehouse: Warehouse, engine: Engine, { source, options }: Case): Promise<SourceRow[]> {
  const projection = await checkContract(warehouse, selectOf(engine, source))
  const rows: SourceRow[] = []
  for await (const batch of extract(warehouse, projection, { ...OPTIONS, ...options })) rows.push(...batch)
  return rows
}

/** What the extraction makes of a source and an audit table, on whatever engine. */
export function describeExtract(engine: Engine): void {
  const extracted = async (given: Case) => {
    const warehouse = await engine.open()
    await warehouse.append('s2s_audit', (given.audit ?? []).map(auditTableRow))
    return read(warehouse, engine, given)
  }
  const ids = async (given: Case) => (await extracted(given)).map(({ transactionId }) => transactionId)
  const only = async (given: Case) => {
    const rows = await extracted(given)
    expect(rows).toHaveLength(1)
    return rows[0]!
  }

  describe(`extraction on ${engine.name}`, () => {
    describe('a row', () => {
      it('comes with all that the source says of it', async () => {
        const source = [
          row({
            transaction_id: 't1',
            occurred_at: '2025-05-20T12:00:00.123456Z',
            kind: 'event',
            idfa: ' AB ',
            idfv: '',
            device_id: 'mine',
            revenue: '11.775',
            currency: 'EUR',
            ip_address: '10.0.0.1',
            user_agent: 'Mozilla',
            os_name: 'ios',
            callback_params: '{"a":"1"}',
            partner_params: '{}',
            parameters: '{"b":"2"}',
            environment: 'sandbox',
          }),
        ]
        const found = await only({ source })
        // A number as text may have closing zeros or not; its digits are the same.
        expect({ ...found, revenue: trimZeros(found.revenue!) }).toEqual({
          transactionId: 't1',
          transactionIdMissing: false,
          occurredAtMicros: micros('2025-05-20T12:00:00Z') + 123_456,
          kind: 'event',
          appToken: 'app000000001',
          eventToken: 'buy001',
          identifiers: { adid: 'a1', idfa: 'AB', device_id: 'mine' },
          revenue: '11.775',
          currency: 'EUR',
          ipAddress: '10.0.0.1',
          userAgent: 'Mozilla',
          osName: 'ios',
          callbackParams: '{"a":"1"}',
          partnerParams: '{}',
          parameters: '{"b":"2"}',
          environment: 'sandbox',
          sourceDuplicate: false,
          earlier: null,
          knownDeviceNames: [],
          laterDeliveredAtMicros: null,
          waitsForInDoubt: null,
          deviceOptedOut: false,
        })
      })

      it('has null for what the source leaves out', async () => {
        const found = await only({ source: [row({ transaction_id: 't1' })] })
        expect(found).toMatchObject({
          kind: null,
          revenue: null,
          currency: null,
          parameters: null,
          environment: null,
        })
      })
    })

    describe('the order', () => {
      it('is that of occurred_at, then of transaction_id by code point', async () => {
        const source = ['😀', '～', 'b', 'a', 'B'].map((id) => row({ transaction_id: id }))
        source.push(row({ transaction_id: 'z', occurred_at: '2025-05-20T11:59:59.999999Z' }))
        expect(await ids({ source })).toEqual(['z', 'B', 'a', 'b', '～', '😀'])
      })
    })

    describe('the window', () => {
      const window = {
        fromMs: Date.parse('2025-05-20T00:00:00Z'),
        toMs: Date.parse('2025-05-21T00:00:00Z'),
        full: false,
      }
      const source = [
        row({ transaction_id: 'before', occurred_at: '2025-05-19T23:59:59.999999Z' }),
        row({ transaction_id: 'first', occurred_at: '2025-05-20T00:00:00Z' }),
        row({ transaction_id: 'last', occurred_at: '2025-05-20T23:59:59.999999Z' }),
        row({ transaction_id: 'after', occurred_at: '2025-05-21T00:00:00Z' }),
        row({ transaction_id: 'never', occurred_at: null }),
        row({ transaction_id: 'future', occurred_at: '9999-01-01T00:00:00Z' }),
      ]

      it('is half-open, and a partial one holds nothing without a sound time', async () => {
        expect(await ids({ source, options: { window } })).toEqual(['first', 'last'])
      })

      it('that is full holds rows without a time and rows of the future too', async () => {
        const full = { ...window, full: true }
        expect(await ids({ source, options: { window: full } })).toEqual(['never', 'first', 'last', 'future'])
      })

      it('that is full leaves to the next run what is not five minutes ahead', async () => {
        const soon = [
          row({ transaction_id: 'soon', occurred_at: '2025-06-01T00:05:00Z' }),
          row({ transaction_id: 'later', occurred_at: '2025-06-01T00:05:00.000001Z' }),
        ]
        expect(await ids({ source: soon })).toEqual(['later'])
      })

      it('may be narrowed to an app, an event token, and one transaction', async () => {
        const several = [
          row({ transaction_id: 't1' }),
          row({ transaction_id: 't2', app_token: 'app000000002' }),
          row({ transaction_id: 't3', event_token: 'buy002' }),
        ]
        expect(await ids({ source: several, options: { app: 'app000000002' } })).toEqual(['t2'])
        expect(await ids({ source: several, options: { event: 'buy002' } })).toEqual(['t3'])
        expect(await ids({ source: several, options: { transactionId: 't1' } })).toEqual(['t1'])
      })

      it('may be limited to the first rows in order', async () => {
        const several = ['t3', 't1', 't2'].map((id) => row({ transaction_id: id }))
        expect(await ids({ source: several, options: { limit: 2 } })).toEqual(['t1', 't2'])
      })
    })

    describe('what earlier runs settled', () => {
      const source = [
        'delivered',
        'duplicate',
        'expired',
        'late',
        'suppressed',
        'abandoned',
        'rejected',
        'invalid',
        'in_doubt',
        'deferred',
        'new',
      ].map((id) => row({ transaction_id: id, adid: id }))
      const audit = source
        .filter(({ transaction_id: id }) => id !== 'new')
        .map(({ transaction_id: id }) =>
          auditRow({ transactionId: id!, status: id as AuditRow['status'], reason: 'ok', deviceNames: [] }),
        )

      it('is not read again; what is open is', async () => {
        expect(await ids({ source, audit })).toEqual(['deferred', 'in_doubt', 'new'])
      })

      it('with resend failed is read again where it was rejected or invalid', async () => {
        const found = await ids({ source, audit, options: { resend: 'failed' } })
        expect(found).toEqual(['deferred', 'in_doubt', 'invalid', 'new', 'rejected'])
      })

      it('with resend all is read again', async () => {
        expect(await ids({ source, audit, options: { resend: 'all' } })).toHaveLength(source.length)
      })

      it('counts by its newest settlement', async () => {
        const one = [row({ transaction_id: 't1' })]
        const rejected = auditRow({
          transactionId: 't1',
          status: 'rejected',
          reason: 'refused',
          settledAtMs: NOW - 2,
        })
        const delivered = auditRow({ transactionId: 't1', settledAtMs: NOW - 1 })
        const deferred = auditRow({
          transactionId: 't1',
          status: 'deferred',
          reason: 'run_stopped',
          settledAtMs: NOW - 3,
        })
        expect(
          await ids({ source: one, audit: [delivered, rejected, deferred], options: { resend: 'failed' } }),
        ).toEqual([])
      })

      it('is not undone by a copy in the source or by an attempt', async () => {
        const one = [row({ transaction_id: 't1' })]
        const copy = auditRow({
          transactionId: 't1',
          status: 'duplicate',
          reason: 'source_duplicate',
          attempt: 0,
          settledAtMs: NOW,
        })
        const deferred = auditRow({
          transactionId: 't1',
          status: 'deferred',
          reason: 'run_stopped',
          settledAtMs: NOW - 5,
        })
        const attempt = auditRow({
          transactionId: 't1',
          status: 'retried',
          reason: 'rate_limited',
          settledAtMs: NOW - 1,
        })
        expect(await ids({ source: one, audit: [copy] })).toEqual(['t1'])
        expect((await only({ source: one, audit: [copy, deferred, attempt] })).earlier?.status).toBe(
          'deferred',
        )
        expect(
          await ids({
            source: one,
            audit: [auditRow({ transactionId: 't1', settledAtMs: NOW - 5 }), attempt, copy],
          }),
        ).toEqual([])
      })

      it('without a time of its own is found', async () => {
        const one = [row({ transaction_id: 't1', occurred_at: null })]
        const audit = [
          auditRow({
            transactionId: 't1',
            status: 'invalid',
            reason: 'occurred_at_missing',
            occurredAtMicros: null,
          }),
        ]
        expect(await ids({ source: one, audit })).toEqual([])
      })
    })

    describe('an open row', () => {
      it('comes with its history: requests, first request, newest settlement', async () => {
        const first = Date.parse('2025-05-30T10:00:00Z')
        const audit = [
          auditRow({
            transactionId: 't1',
            status: 'retried',
            reason: 'rate_limited',
            attempt: 1,
            sentAtMs: first,
            settledAtMs: first + 10,
          }),
          auditRow({
            transactionId: 't1',
            status: 'deferred',
            reason: 'retries_exhausted',
            message: 'Internal error',
            attempt: 5,
            sentAtMs: first + 50,
            settledAtMs: first + 60,
          }),
        ]
        expect((await only({ source: [row({ transaction_id: 't1' })], audit })).earlier).toEqual({
          runId: 'run-1',
          status: 'deferred',
          reason: 'retries_exhausted',
          message: 'Internal error',
          attempts: 5,
          firstSentAtMs: first,
          settledAtMs: first + 60,
        })
      })

      it('that was never sent has no first request', async () => {
        const deferred = auditRow({
          transactionId: 't1',
          status: 'deferred',
          reason: 'run_stopped',
          attempt: 0,
          sentAtMs: null,
        })
        const { earlier } = await only({ source: [row({ transaction_id: 't1' })], audit: [deferred] })
        expect(earlier).toMatchObject({ attempts: 0, firstSentAtMs: null })
      })

      it('of which only attempts are known counts them', async () => {
        const attempt = auditRow({
          transactionId: 't1',
          status: 'retried',
          reason: 'rate_limited',
          attempt: 2,
        })
        const { earlier } = await only({ source: [row({ transaction_id: 't1' })], audit: [attempt] })
        expect(earlier).toMatchObject({ status: 'retried', attempts: 2 })
      })
    })

    describe('a row without transaction_id', () => {
      const source = [
        row({ transaction_id: null }),
        row({ transaction_id: '', occurred_at: null, event_token: null }),
      ]

      it('gets a name of its time, app and token', async () => {
        const rows = await extracted({ source })
        expect(rows.map(({ transactionId }) => transactionId)).toEqual([
          '(missing) no time app000000001 ',
          '(missing) 1747742400000000 app000000001 buy001',
        ])
        expect(rows.every(({ transactionIdMissing }) => transactionIdMissing)).toBe(true)
      })

      it('is not read again once it is settled under that name', async () => {
        const audit = (await extracted({ source })).map(({ transactionId, occurredAtMicros }) =>
          auditRow({ transactionId, occurredAtMicros, status: 'invalid', reason: 'transaction_id_missing' }),
        )
        expect(await ids({ source, audit })).toEqual([])
      })
    })

    describe('a byte order mark', () => {
      const MARK = '\ufeff'

      it('before a transaction_id is no part of it', async () => {
        const source = ['b', `${MARK}a`, `${MARK}${MARK}c`].map((id) => row({ transaction_id: id, adid: id }))
        expect(await ids({ source })).toEqual(['a', 'b', 'c'])
        expect(await ids({ source, audit: [auditRow({ transactionId: 'a' })] })).toEqual(['b', 'c'])
        expect(await ids({ source, options: { transactionId: 'a' } })).toEqual(['a'])
      })

      it('alone is no transaction_id, and makes no other transaction of a copy', async () => {
        const source = [MARK, `${MARK}t1`, 't1'].map((id) => row({ transaction_id: id }))
        const rows = await extracted({ source })
        expect(rows.map((one) => [one.transactionIdMissing, one.sourceDuplicate])).toEqual([
          [true, false],
          [false, false],
          [false, true],
        ])
      })

      it('before any other text of a row hides nothing of what is known of its device', async () => {
        const marked = {
          kind: `${MARK}event`,
          app_token: `${MARK}app000000001`,
          event_token: `${MARK}buy001`,
        }
        const later = { occurredAtMicros: micros('2025-05-25T12:00:00Z') }
        for (const adid of [`${MARK}a1`, ` ${MARK}a1`, `${MARK} a1`]) {
          const source = [row({ transaction_id: 't1', ...marked, adid, user_agent: `${MARK}Mozilla` })]
          expect(await only({ source, audit: [auditRow({ transactionId: 't0', ...later })] })).toMatchObject({
            kind: 'event',
            appToken: 'app000000001',
            eventToken: 'buy001',
            identifiers: { adid: 'a1' },
            userAgent: 'Mozilla',
            laterDeliveredAtMicros: later.occurredAtMicros,
          })
        }
        const source = [row({ transaction_id: 't1', ...marked })]
        expect(await ids({ source, options: { app: 'app000000001', event: 'buy001' } })).toEqual(['t1'])
      })
    })

    describe('rows that share a transaction_id', () => {
      it('are marked, all but the first in order', async () => {
        const source = [
          row({ transaction_id: 't1', occurred_at: '2025-05-20T14:00:00Z', event_token: 'third1' }),
          row({ transaction_id: 't1', occurred_at: '2025-05-20T12:00:00Z', event_token: 'first1' }),
          row({ transaction_id: 't1', occurred_at: '2025-05-20T13:00:00Z', event_token: 'second' }),
        ]
        const rows = await extracted({ source })
        expect(rows.map(({ eventToken, sourceDuplicate }) => [eventToken, sourceDuplicate])).toEqual([
          ['first1', false],
          ['second', true],
          ['third1', true],
        ])
      })

      it('and their time give the unmarked one first', async () => {
        const source = [
          row({ transaction_id: 't1' }),
          row({ transaction_id: 't1' }),
          row({ transaction_id: 't0' }),
        ]
        const rows = await extracted({ source })
        expect(rows.map(({ transactionId, sourceDuplicate }) => [transactionId, sourceDuplicate])).toEqual([
          ['t0', false],
          ['t1', false],
          ['t1', true],
        ])
      })

      it('are marked within what is read only', async () => {
        const source = [
          row({ transaction_id: 't1', occurred_at: '2025-05-20T12:00:00Z' }),
          row({ transaction_id: 't1', occurred_at: '2025-05-21T12:00:00Z' }),
        ]
        const window = {
          fromMs: Date.parse('2025-05-21T00:00:00Z'),
          toMs: Date.parse('2025-05-22T00:00:00Z'),
          full: false,
        }
        expect((await only({ source, options: { window } })).sourceDuplicate).toBe(false)
      })
    })

    describe('a shard', () => {
      const SHARDS = [0, 1, 2].map((index) => ({ index, count: 3 }))
      const readEach = async (source: SourceCells[]) => {
        const warehouse = await engine.open()
        return Promise.all(SHARDS.map((shard) => read(warehouse, engine, { source, options: { shard } })))
      }

      it('takes every row of its devices and none of another shard’s, in order', async () => {
        const source = Array.from({ length: 60 }, (_, index) =>
          row({ transaction_id: `t${String(index).padStart(2, '0')}`, device_id: `device-${index % 12}` }),
        )
        const shards = await readEach(source)
        const all = shards.flat().map(({ transactionId }) => transactionId)
        expect(all.toSorted()).toEqual(source.map(({ transaction_id }) => transaction_id))
        const devices = shards.map((rows) => new Set(rows.map(({ identifiers }) => identifiers.device_id)))
        expect(devices.map(({ size }) => size).reduce((sum, size) => sum + size)).toBe(12)
        for (const rows of shards) {
          const ids = rows.map(({ transactionId }) => transactionId)
          expect(ids).toEqual(ids.toSorted())
        }
      })

      it('takes a device whose name is written with blanks or a byte order mark with the same device', async () => {
        const source = [
          row({ transaction_id: 't1', device_id: 'device-7' }),
          row({ transaction_id: 't2', device_id: ' device-7 ' }),
          row({ transaction_id: 't3', device_id: '\ufeffdevice-7' }),
        ]
        const counts = (await readEach(source)).map((rows) => rows.length)
        expect(counts.toSorted()).toEqual([0, 0, 3])
      })

      it('takes copies of a transaction for copies also when another shard has the first of them', async () => {
        const source = Array.from({ length: 24 }, (_, index) =>
          row({ transaction_id: 't1', device_id: `device-${index}` }),
        )
        const rows = (await readEach(source)).flat()
        expect(rows).toHaveLength(24)
        expect(rows.filter(({ sourceDuplicate }) => !sourceDuplicate)).toHaveLength(1)
      })

      it('takes rows without device_id in one of the shards, so that they can be settled', async () => {
        const source = [row({ transaction_id: 't1' }), row({ transaction_id: 't2', device_id: '  ' })]
        const counts = (await readEach(source)).map((rows) => rows.length)
        expect(counts.toSorted()).toEqual([0, 0, 2])
      })
    })

    describe('names of a device', () => {
      const [adid, idfa, gps] = [name('adid', 'a1'), name('idfa', 'f1'), name('gps_adid', 'g1')]

      it('that an earlier run saw together with its own are known', async () => {
        const audit = [auditRow({ transactionId: 't0', device: adid, deviceNames: [adid, idfa] })]
        const source = [row({ transaction_id: 't1', adid: null, idfa: 'F1' })]
        expect((await only({ source, audit })).knownDeviceNames).toEqual([adid])
      })

      it('are known over two steps, when the one name came under another one later', async () => {
        const audit = [
          auditRow({ transactionId: 't0', device: idfa, deviceNames: [idfa, gps] }),
          auditRow({ transactionId: 't1', device: adid, deviceNames: [adid, idfa] }),
        ]
        const source = [row({ transaction_id: 't2', adid: null, gps_adid: 'G1' })]
        expect((await only({ source, audit })).knownDeviceNames.toSorted()).toEqual([adid, idfa].toSorted())
      })

      it('do not repeat those of the row itself', async () => {
        const audit = [auditRow({ transactionId: 't0', device: adid, deviceNames: [adid, idfa] })]
        const source = [row({ transaction_id: 't1', idfa: 'f1' })]
        expect((await only({ source, audit })).knownDeviceNames).toEqual([])
      })

      it('are not made of an id of nothing but zeros', async () => {
        const zeros = '00000000-0000-0000-0000-000000000000'
        const audit = [
          auditRow({ transactionId: 't0', device: adid, deviceNames: [adid, name('idfa', zeros)] }),
        ]
        const source = [row({ transaction_id: 't1', adid: null, idfa: zeros })]
        expect((await only({ source, audit })).knownDeviceNames).toEqual([])
      })
    })

    describe('a later event that is delivered', () => {
      const later = micros('2025-05-25T12:00:00Z')
      const lateness = async (
        cells: SourceCells,
        fields: Partial<AuditRow>,
        options?: Partial<ExtractOptions>,
      ) => {
        const audit = [auditRow({ transactionId: 't0', occurredAtMicros: later, ...fields })]
        const found = await only({
          source: [row({ transaction_id: 't1', ...cells })],
          audit,
          ...(options ? { options } : {}),
        })
        return found.laterDeliveredAtMicros
      }

      it('of the same device and token makes the row late', async () => {
        expect(await lateness({}, {})).toBe(later)
      })

      it('counts only if it is later', async () => {
        expect(await lateness({}, { occurredAtMicros: micros('2025-05-20T12:00:00Z') })).toBeNull()
        expect(await lateness({}, { occurredAtMicros: micros('2025-05-20T12:00:00Z') + 1 })).not.toBeNull()
      })

      it('of another token does not', async () => {
        expect(await lateness({}, { eventToken: 'buy002' })).toBeNull()
      })

      it('of another token does when both have revenue', async () => {
        expect(await lateness({ revenue: '1.5' }, { eventToken: 'buy002', revenue: '2' })).toBe(later)
        expect(await lateness({ revenue: '1.5' }, { eventToken: 'buy002' })).toBeNull()
        expect(await lateness({}, { eventToken: 'buy002', revenue: '2' })).toBeNull()
      })

      it('of another token does not when the revenue of the row is zero', async () => {
        expect(await lateness({ revenue: '0.000' }, { eventToken: 'buy002', revenue: '2' })).toBeNull()
      })

      it('of another device or app does not', async () => {
        expect(await lateness({ adid: 'a2' }, {})).toBeNull()
        expect(await lateness({ app_token: 'app000000002' }, {})).toBeNull()
      })

      it('that was not delivered does not', async () => {
        expect(await lateness({}, { status: 'rejected', reason: 'refused' })).toBeNull()
      })

      it('is ad revenue, or the row is: does not', async () => {
        expect(await lateness({}, { kind: 'ad_revenue', revenue: '1' })).toBeNull()
        expect(await lateness({ kind: 'ad_revenue', revenue: '1' }, { revenue: '1' })).toBeNull()
      })

      it('is a session makes sessions late, whatever their token', async () => {
        expect(
          await lateness({ kind: 'session', event_token: 'x' }, { kind: 'session', eventToken: null }),
        ).toBe(later)
        expect(await lateness({}, { kind: 'session' })).toBeNull()
      })

      it('is found through names that go together', async () => {
        const [adid, idfa] = [name('adid', 'a1'), name('idfa', 'f1')]
        const together = auditRow({
          transactionId: 't8',
          device: adid,
          deviceNames: [adid, idfa],
          eventToken: 'other1',
        })
        const delivered = auditRow({
          transactionId: 't9',
          device: idfa,
          deviceNames: [idfa],
          occurredAtMicros: later,
        })
        const source = [row({ transaction_id: 't1' })]
        expect((await only({ source, audit: [together, delivered] })).laterDeliveredAtMicros).toBe(later)
      })

      it('is the newest of several', async () => {
        const audit = [0, 2, 1].map((days) =>
          auditRow({ transactionId: `d${days}`, occurredAtMicros: later + days * DAY * 1000 }),
        )
        const found = await only({ source: [row({ transaction_id: 't1' })], audit })
        expect(found.laterDeliveredAtMicros).toBe(later + 2 * DAY * 1000)
      })

      it('is never the row itself', async () => {
        const audit = [
          auditRow({ transactionId: 't1', occurredAtMicros: later + 1 }),
          auditRow({ transactionId: 't0', occurredAtMicros: later }),
        ]
        const source = [row({ transaction_id: 't1' })]
        expect((await only({ source, audit, options: { resend: 'all' } })).laterDeliveredAtMicros).toBe(later)
        expect(
          (await only({ source, audit: audit.slice(0, 1), options: { resend: 'all' } }))
            .laterDeliveredAtMicros,
        ).toBeNull()
      })
    })

    describe('an unknown outcome', () => {
      const waits = async (cells: SourceCells, audit: AuditRow[], options?: Partial<ExtractOptions>) => {
        const rows = await extracted({
          source: [row({ transaction_id: 't1', ...cells })],
          audit,
          ...(options ? { options } : {}),
        })
        return rows[0]!.waitsForInDoubt
      }

      it('of the same device and token is waited for', async () => {
        expect(await waits({}, [recent({ transactionId: 't0', ...inDoubt })])).toBe('t0')
      })

      it('of another token is waited for when both have revenue', async () => {
        const other = { transactionId: 't0', ...inDoubt, eventToken: 'buy002' }
        expect(await waits({ revenue: '1' }, [recent({ ...other, revenue: '2' })])).toBe('t0')
        expect(await waits({ revenue: '1' }, [recent(other)])).toBeNull()
      })

      it('is no longer waited for once it is settled', async () => {
        const doubt = recent({ transactionId: 't0', ...inDoubt })
        const settled = recent({
          transactionId: 't0',
          occurredAtMicros: micros('2025-05-01T00:00:00Z'),
          settledAtMs: NOW - 1,
        })
        expect(await waits({}, [doubt, settled])).toBeNull()
      })

      it('is no longer waited for after the hold time', async () => {
        expect(
          await waits({}, [recent({ transactionId: 't0', ...inDoubt, settledAtMs: NOW - 24 * HOUR })]),
        ).toBeNull()
        expect(
          await waits({}, [recent({ transactionId: 't0', ...inDoubt, settledAtMs: NOW - 24 * HOUR + 1 })]),
        ).toBe('t0')
      })

      it('blocks by its class only', async () => {
        const doubt = recent({ transactionId: 't0', ...inDoubt, revenue: '2' })
        expect(await waits({}, [doubt], { inDoubtBlocks: { revenue: false, other: true } })).toBeNull()
        expect(await waits({}, [doubt], { inDoubtBlocks: { revenue: true, other: false } })).toBe('t0')
        const without = recent({ transactionId: 't0', ...inDoubt })
        expect(await waits({}, [without], { inDoubtBlocks: { revenue: true, other: false } })).toBeNull()
      })

      it('is never that of the row itself', async () => {
        expect(await waits({}, [recent({ transactionId: 't1', ...inDoubt })])).toBeNull()
        expect(
          await waits({}, [
            recent({ transactionId: 't1', ...inDoubt }),
            recent({ transactionId: 't0', ...inDoubt }),
          ]),
        ).toBe('t0')
        expect(
          await waits({}, [
            recent({ transactionId: 't1', ...inDoubt }),
            recent({ transactionId: 't2', ...inDoubt }),
          ]),
        ).toBe('t2')
      })

      it('is found through names that go together', async () => {
        const [adid, idfa] = [name('adid', 'a1'), name('idfa', 'f1')]
        const doubt = recent({ transactionId: 't0', ...inDoubt, device: adid, deviceNames: [adid, idfa] })
        expect(await waits({ adid: null, idfa: 'F1' }, [doubt])).toBe('t0')
      })

      it('of ad revenue is not waited for', async () => {
        expect(
          await waits({ revenue: '1' }, [
            recent({ transactionId: 't0', ...inDoubt, kind: 'ad_revenue', revenue: '1' }),
          ]),
        ).toBeNull()
      })
    })

    describe('a device that opted out', () => {
      const audit = [
        auditRow({
          transactionId: 't0',
          status: 'rejected',
          reason: 'device_opted_out',
          eventToken: 'other1',
        }),
      ]

      it('is known from then on, whatever the token', async () => {
        expect((await only({ source: [row({ transaction_id: 't1' })], audit })).deviceOptedOut).toBe(true)
      })

      it('is known in that app only', async () => {
        const source = [row({ transaction_id: 't1', app_token: 'app000000002' })]
        expect((await only({ source, audit })).deviceOptedOut).toBe(false)
      })
    })

    it("a table of the user's may have the name of a part of the query", async () => {
      const warehouse = await engine.open()
      const rows = selectOf(engine, [row({ transaction_id: 't1' })])
      const names = [
        'unmarked',
        'windowed',
        'ledger',
        'candidates',
        'own_names',
        'links',
        'row_names',
        'evidence',
        'waiting',
        'opted_out',
      ]
      for (const cte of names) {
        const projection = await checkContract(warehouse, `WITH ${cte} AS (${rows}) SELECT * FROM ${cte}`)
        const found: string[] = []
        for await (const batch of extract(warehouse, projection, OPTIONS))
          found.push(...batch.map((one) => one.transactionId))
        expect(found).toEqual(['t1'])
      }
    })
  })
}
