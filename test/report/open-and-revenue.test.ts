import { describe, expect, it } from 'vitest'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { name } from '../warehouse/audit-row.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { addRows, DAY, HOUR, logRun, reportOf, SECOND, START } from './logged-run.ts'

const eur = (revenue: string) => ({ revenue, currency: 'EUR' })
const waits = { status: 'deferred', reason: 'device_not_found', httpStatus: 404 } as const
const doubt = { status: 'in_doubt', reason: 'timed_out', httpStatus: null, latencyMs: null } as const
const unsent = { attempt: 0, httpStatus: null, sentAtMs: null, latencyMs: null }
const negative = { status: 'invalid', reason: 'revenue_negative', ...unsent } as const

describe('the revenue of a run', () => {
  it('is summed exactly, and told apart by what becomes of it', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, {
      rows: [
        { transactionId: 't1', ...eur('0.1') },
        { transactionId: 't2', ...eur('0.2') },
        {
          transactionId: 't3',
          ...eur('900000000000.001'),
          status: 'invalid',
          reason: 'revenue_out_of_range',
          ...unsent,
        },
        { transactionId: 't4', ...eur('7'), ...waits },
        { transactionId: 't5', ...eur('0.7'), ...doubt },
        { transactionId: 't6', ...eur('0.1'), status: 'abandoned', reason: 'in_doubt_too_long' },
        { transactionId: 't7', ...eur('3'), status: 'late', reason: 'later_event_delivered', ...unsent },
        { transactionId: 't8', revenue: '4', currency: 'usd' },
        { transactionId: 't9', revenue: '-5', currency: 'EUR', ...negative },
        {
          transactionId: 't10',
          revenue: '2',
          currency: '<script>',
          status: 'invalid',
          reason: 'currency_unknown',
          ...unsent,
        },
        { transactionId: 't11', ...eur('8'), status: 'duplicate', reason: 'earlier_unique_event' },
      ],
    })
    const { revenue } = await reportOf(warehouse)
    expect(revenue).toMatchObject([
      { currency: 'EUR', delivered: '0.3', still_coming: '7', unknown: '0.8', lost: '3' },
      { currency: 'USD', delivered: '4', lost: '0' },
      { currency: null, delivered: '0', lost: '2' },
    ])
    expect(revenue[0]?.by_status).toContainEqual({ status: 'duplicate', events: 1, amount: '8' })
  })

  it('keeps more digits than a float has', async () => {
    const warehouse = await duckdb.open()
    const rows = Array.from({ length: 3 }, (_, index) => ({
      transactionId: `t${index}`,
      ...eur('99999999999.999999999'),
    }))
    await logRun(warehouse, { rows })
    expect((await reportOf(warehouse)).revenue).toMatchObject([{ delivered: '299999999999.999999997' }])
  })

  it('has what still comes from earlier runs, for they wrote the rows of waits that go on', async () => {
    const warehouse = await duckdb.open()
    await addRows(warehouse, [
      { transactionId: 't1', runId: 'earlier', ...waits, ...eur('7'), settledAtMs: START - HOUR },
    ])
    await logRun(warehouse, { counts: { read: 1, deferred: 1 } })
    expect((await reportOf(warehouse)).revenue).toMatchObject([{ currency: 'EUR', still_coming: '7' }])
  })
})

describe('what was open when a run ended', () => {
  const old = (days: number) => ({ occurredAtMicros: (START - days * DAY) * 1000 })

  it('is counted by reason, with the oldest in doubt by id and what is given up first', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, {
      rows: [
        { transactionId: 't1', ...doubt, ...old(3), ...eur('1.5') },
        { transactionId: 't2', ...doubt, ...old(9) },
        { transactionId: 't3', ...waits, ...old(57) },
        { transactionId: 't4', ...waits, ...old(20), kind: 'ad_revenue' },
      ],
    })
    const { open } = await reportOf(warehouse)
    expect(open).toMatchObject({ deferred: 2, in_doubt: 2, settled_since: 0, in_doubt_left_out: 0 })
    expect(open.in_doubt_events.map(({ transaction_id, amount }) => [transaction_id, amount])).toEqual([
      ['t2', null],
      ['t1', '1.5'],
    ])
    // t3 has a day left, t4 (28 days for ad revenue) has eight, and what is in doubt is held for 24 hours from its answer on.
    expect(open.next_to_give_up).toMatchObject({
      transaction_id: 't3',
      given_up_at: '2026-03-02T12:00:00.000Z',
    })
    expect(open.in_doubt_events[0]?.given_up_at).toBe('2026-03-02T12:00:00.150Z')
  })

  it('names twenty in doubt and says how many more there are', async () => {
    const warehouse = await duckdb.open()
    const rows = Array.from({ length: 33 }, (_, index) => ({
      transactionId: `t${String(index).padStart(2, '0')}`,
      ...doubt,
      occurredAtMicros: (START - HOUR) * 1000 - index,
      reason: index % 2 === 0 ? 'timed_out' : 'connection_lost',
    }))
    await logRun(warehouse, { rows })
    const { open } = await reportOf(warehouse)
    const oldest = rows
      .map(({ transactionId }) => transactionId)
      .toReversed()
      .slice(0, 20)
    expect(open.in_doubt_events.map(({ transaction_id }) => transaction_id)).toEqual(oldest)
    expect(open.in_doubt_left_out).toBe(13)
  })

  it('stays as it was then, and says what has become of it since', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, {
      rows: [
        { transactionId: 't1', ...waits, ...eur('2') },
        { transactionId: 't2', ...doubt },
      ],
    })
    await addRows(warehouse, [
      { transactionId: 't1', runId: 'later', attempt: 2, settledAtMs: START + HOUR, ...eur('2') },
    ])
    const { open, revenue } = await reportOf(warehouse, { nowMs: START + 2 * HOUR })
    expect(open).toMatchObject({
      deferred: 1,
      in_doubt: 1,
      settled_since: 1,
      next_to_give_up: { transaction_id: 't2' },
    })
    expect(open.groups.find(({ status }) => status === 'deferred')?.by_now).toEqual([
      { status: 'delivered', events: 1 },
    ])
    expect(revenue).toMatchObject([{ delivered: '0', still_coming: '2' }])
  })

  it('is that of the app and the event token that the run was for', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, {
      start: { app: 'app000000001', event: 'buy001' },
      rows: [{ transactionId: 't1', ...waits }],
    })
    await addRows(warehouse, [
      { transactionId: 't2', runId: 'other', ...waits, eventToken: 'other' },
      { transactionId: 't3', runId: 'other', ...waits, appToken: 'other' },
    ])
    expect((await reportOf(warehouse)).open.deferred).toBe(1)
  })
})

describe('what was open when one shard of several ended', () => {
  // The SHA-256 of `a` and of nothing are in the upper half of all hashes, that of `b` is in the lower one.
  const [lower, upper] = [name('device_id', 'b'), name('device_id', 'a')]

  /** What the newest run of each of two shards says is open, and the revenue that still comes. */
  async function openOfShards(warehouse: Warehouse) {
    const reports = []
    for (const index of [0, 1]) {
      const runId = `20260301T12000${index}Z-00000${index}`
      await logRun(warehouse, { runId, start: { shard: `${index}/2` }, counts: { read: 0 } })
      reports.push(await reportOf(warehouse, { runId }))
    }
    return reports.map(({ open, revenue }) => [
      open.groups.flatMap(({ reason, events }) => `${events} ${reason}`).toSorted(),
      revenue[0]?.still_coming ?? '0',
    ])
  }

  const before = { startedAtMs: START - DAY }
  const earlier = { settledAtMs: START - DAY + SECOND }

  it('is what runs of the same shard had taken', async () => {
    const warehouse = await duckdb.open()
    // A wait that was settled without a request names no device.
    const nameless = { ...waits, ...earlier, deviceNames: [] as string[], reason: 'waits_for_in_doubt' }
    const rows = (id: string, revenue: string) => [
      { transactionId: `${id}1`, ...waits, ...earlier, ...eur(revenue) },
      { transactionId: `${id}2`, ...nameless, ...eur(revenue) },
    ]
    await logRun(warehouse, { ...before, runId: 'first', start: { shard: '0/2' }, rows: rows('a', '1') })
    await logRun(warehouse, { ...before, runId: 'second', start: { shard: '1/2' }, rows: rows('b', '10') })
    await addRows(warehouse, [{ transactionId: 'b3', runId: 'second', ...doubt, ...earlier }])
    expect(await openOfShards(warehouse)).toEqual([
      [['1 device_not_found', '1 waits_for_in_doubt'], '2'],
      [['1 device_not_found', '1 timed_out', '1 waits_for_in_doubt'], '20'],
    ])
  })

  it('is told by the hash of the device, of what was taken when the shards were others', async () => {
    const warehouse = await duckdb.open()
    const adid = name('adid', 'x')
    const rows = [
      { transactionId: 't1', deviceNames: [adid, lower], ...eur('1') },
      { transactionId: 't2', deviceNames: [adid, upper], ...eur('10') },
      { transactionId: 't3', deviceNames: [adid], ...eur('100') },
      { transactionId: 't4', deviceNames: [], ...eur('1000') },
      // Two that turned out to be one device count once.
      { transactionId: 't5', deviceNames: [upper, lower], ...eur('10000') },
    ].map((row) => ({ ...waits, ...earlier, ...row }))
    await logRun(warehouse, { ...before, runId: 'whole', rows })
    const amounts = (await openOfShards(warehouse)).map(([, amount]) => amount)
    expect(amounts).toEqual(['10001', '1110'])
  })
})
