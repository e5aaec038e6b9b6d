import { describe, expect, it } from 'vitest'
import { RunLog, type RunStart } from '../../src/audit/run-log.ts'
import { type AuditRow, type Counts, STATUSES } from '../../src/domain/settlement.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { readRows } from '../../src/warehouse/read-rows.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { auditRow, micros } from './audit-row.ts'
import type { Engine } from './engine.ts'

const NOW = Date.parse('2025-06-01T00:00:00Z')
const SECOND = 1000
const HOUR = 3_600_000
const MIB = 1_048_576
const TIB = MIB * MIB
const at = (iso: string) => ({ timestampMicros: micros(iso) })

/** Audit rows are settled on 2025-05-20 unless a test says otherwise. */
const MAY = { settled_from: at('2025-05-01T00:00:00Z'), settled_to: at('2025-06-01T00:00:00Z') }
const TWO_DAYS = { window_from: at('2025-05-20T00:00:00Z'), window_to: at('2025-05-22T00:00:00Z') }

/** What `sql/audit` answers, whatever the engine. */
export function describeAuditQueries(engine: Engine): void {
  describe(`the queries for people on ${engine.name}`, () => {
    describeTransactions(engine)
    describeDeliveryLag(engine)
    describeRuns(engine)
  })
}

async function withAudit(
  engine: Engine,
  rows: (Partial<AuditRow> & { transactionId: string })[],
): Promise<Warehouse> {
  const warehouse = await engine.open()
  await warehouse.append(
    's2s_audit',
    rows.map((row) => auditTableRow(auditRow(row))),
  )
  return warehouse
}

function describeTransactions(engine: Engine): void {
  const purchase = (transactionId: string, occurredAt: string, revenue: string) => ({
    transactionId,
    occurredAtMicros: micros(occurredAt),
    revenue,
    currency: 'EUR',
  })

  it('delivered-by-day: events and revenue of each UTC day and token', async () => {
    const warehouse = await withAudit(engine, [
      purchase('t1', '2025-05-20T23:59:59.999Z', '0.1'),
      purchase('t2', '2025-05-20T00:00:00Z', '0.2'),
      { transactionId: 't3', occurredAtMicros: micros('2025-05-21T00:00:00Z') },
      { transactionId: 't4', status: 'rejected', reason: 'refused' },
    ])
    const tokens = { app_token: 'app000000001', event_token: 'buy001' }
    expect(await readRows(warehouse, 'audit/delivered-by-day.sql', TWO_DAYS)).toEqual([
      { occurred_day: '2025-05-20', ...tokens, currency: 'EUR', events: 2, revenue: '0.3' },
      { occurred_day: '2025-05-21', ...tokens, currency: null, events: 1, revenue: null },
    ])
  })

  it('delivered-by-day: the end of the window is not in it', async () => {
    const warehouse = await withAudit(engine, [
      purchase('t1', '2025-05-19T23:59:59.999Z', '1'),
      purchase('t2', '2025-05-20T00:00:00Z', '2'),
      purchase('t3', '2025-05-22T00:00:00Z', '4'),
    ])
    const rows = await readRows(warehouse, 'audit/delivered-by-day.sql', TWO_DAYS)
    expect(rows.map(({ revenue }) => revenue)).toEqual(['2'])
  })

  it('delivered-by-day: revenue keeps more digits than a float has', async () => {
    const warehouse = await withAudit(engine, [
      purchase('t1', '2025-05-20T01:00:00Z', '900000000000000.001'),
      purchase('t2', '2025-05-20T02:00:00Z', '0.002'),
    ])
    const rows = await readRows(warehouse, 'audit/delivered-by-day.sql', TWO_DAYS)
    expect(rows.map(({ revenue }) => revenue)).toEqual(['900000000000000.003'])
  })

  it('delivered-by-day: an audit row that was written twice counts once', async () => {
    const twice = auditTableRow(auditRow({ transactionId: 't1', revenue: '5' }))
    const warehouse = await engine.open()
    await warehouse.append('s2s_audit', [twice, twice])
    expect(await readRows(warehouse, 'audit/delivered-by-day.sql', TWO_DAYS)).toMatchObject([
      { events: 1, revenue: '5' },
    ])
  })

  it('rejections-by-reason: the largest group first, with one transaction and its own message', async () => {
    const negative = { status: 'invalid', reason: 'revenue_negative', httpStatus: null } as const
    const warehouse = await withAudit(engine, [
      { transactionId: 't1', status: 'rejected', reason: 'refused', message: 'no' },
      { transactionId: 't2', ...negative, message: 'revenue is -6' },
      { transactionId: 't3', ...negative, message: 'revenue is -5' },
      { transactionId: 't4' },
    ])
    expect(await readRows(warehouse, 'audit/rejections-by-reason.sql', MAY)).toEqual([
      {
        status: 'invalid',
        reason: 'revenue_negative',
        http_status: null,
        app_token: 'app000000001',
        event_token: 'buy001',
        events: 2,
        example: 't2',
        example_message: 'revenue is -6',
      },
      {
        status: 'rejected',
        reason: 'refused',
        http_status: 200,
        app_token: 'app000000001',
        event_token: 'buy001',
        events: 1,
        example: 't1',
        example_message: 'no',
      },
    ])
  })

  it('rejections-by-reason: one that was mended and delivered is none', async () => {
    const warehouse = await withAudit(engine, [
      { transactionId: 't1', status: 'rejected', reason: 'refused', attempt: 1 },
      { transactionId: 't1', attempt: 2 },
    ])
    expect(await readRows(warehouse, 'audit/rejections-by-reason.sql', MAY)).toEqual([])
  })

  it('lost-revenue: what came too late, by day and currency', async () => {
    const late = { status: 'late', reason: 'later_event_delivered' } as const
    const expired = { status: 'expired', reason: 'too_old' } as const
    const warehouse = await withAudit(engine, [
      { ...purchase('t1', '2025-05-20T12:00:00Z', '3.50'), ...late },
      { ...purchase('t2', '2025-05-20T13:00:00Z', '0.25'), ...late },
      { ...purchase('t3', '2025-03-01T00:00:00Z', '4'), ...expired },
      purchase('t4', '2025-05-20T12:00:00Z', '9'),
      { ...purchase('t5', '2025-05-20T14:00:00Z', '7'), ...late, settledAtMs: NOW },
    ])
    const rows = await readRows(warehouse, 'audit/lost-revenue.sql', MAY)
    expect(rows.map((row) => [row.occurred_day, row.status, row.events, row.revenue_lost])).toEqual([
      ['2025-03-01', 'expired', 1, '4'],
      ['2025-05-20', 'late', 2, '3.75'],
    ])
  })

  it('waiting: each open transaction with its age, the oldest first', async () => {
    const ago = (hours: number) => NOW - hours * HOUR
    const warehouse = await withAudit(engine, [
      {
        transactionId: 't1',
        status: 'deferred',
        reason: 'device_not_found',
        occurredAtMicros: ago(30) * 1000,
        settledAtMs: ago(2),
      },
      {
        transactionId: 't2',
        status: 'in_doubt',
        reason: 'timed_out',
        occurredAtMicros: ago(50) * 1000,
        settledAtMs: NOW - 1,
      },
      { transactionId: 't3' },
    ])
    const parameters = { now: { timestampMicros: NOW * 1000 }, row_limit: 10 }
    const rows = await readRows(warehouse, 'audit/waiting.sql', parameters)
    expect(
      rows.map((row) => [row.transaction_id, row.age_hours, row.unchanged_hours, row.occurred_at]),
    ).toEqual([
      ['t2', 50, 0, '2025-05-29 22:00:00'],
      ['t1', 30, 2, '2025-05-30 18:00:00'],
    ])
    expect(await readRows(warehouse, 'audit/waiting.sql', { ...parameters, row_limit: 1 })).toHaveLength(1)
  })

  it('waiting: two of the same second stand in the order in which they are sent', async () => {
    const deferred = { status: 'deferred', reason: 'run_stopped' } as const
    const warehouse = await withAudit(engine, [
      { transactionId: 'a', ...deferred, occurredAtMicros: NOW * 1000 - 1 },
      { transactionId: 'b', ...deferred, occurredAtMicros: NOW * 1000 - 2 },
    ])
    const parameters = { now: { timestampMicros: NOW * 1000 }, row_limit: 10 }
    const rows = await readRows(warehouse, 'audit/waiting.sql', parameters)
    expect(rows.map(({ transaction_id }) => transaction_id)).toEqual(['b', 'a'])
  })

  it('open: what waits or is in doubt, by reason, the group that expires first in front', async () => {
    const stopped = { status: 'deferred', reason: 'run_stopped' } as const
    const doubt = { status: 'in_doubt', reason: 'timed_out' } as const
    const warehouse = await withAudit(engine, [
      { transactionId: 't1', ...stopped, occurredAtMicros: micros('2025-05-19T09:00:00Z') },
      { transactionId: 't2', ...stopped, occurredAtMicros: micros('2025-05-18T08:00:00Z') },
      { transactionId: 't3', ...doubt, occurredAtMicros: micros('2025-05-17T07:00:00.5Z') },
      { transactionId: 't4' },
    ])
    const parameters = { audit_from: { timestampMicros: micros('2025-02-01T00:00:00Z') } }
    expect(await readRows(warehouse, 'audit/open.sql', parameters)).toMatchObject([
      {
        reason: 'timed_out',
        events: 1,
        example: 't3',
        oldest_occurred_at: '2025-05-17 07:00:00',
        oldest_occurred_at_micros: micros('2025-05-17T07:00:00.5Z'),
      },
      { reason: 'run_stopped', events: 2, example: 't1', oldest_occurred_at: '2025-05-18 08:00:00' },
    ])
  })

  it('open: not what occurred before the instant that bounds it, and not what a row without a time settles', async () => {
    const stopped = { status: 'deferred', reason: 'run_stopped' } as const
    const [before, after] = [micros('2025-01-31T23:59:59.999999Z'), micros('2025-02-01T00:00:00Z')]
    const warehouse = await withAudit(engine, [
      { transactionId: 't1', ...stopped, occurredAtMicros: before },
      { transactionId: 't2', ...stopped, occurredAtMicros: after },
      { transactionId: 't3', ...stopped, occurredAtMicros: after },
      {
        transactionId: 't3',
        status: 'invalid',
        reason: 'occurred_at_missing',
        occurredAtMicros: null,
        settledAtMs: NOW + 1,
      },
    ])
    const rows = await readRows(warehouse, 'audit/open.sql', { audit_from: { timestampMicros: after } })
    expect(rows).toMatchObject([{ events: 1, example: 't2' }])
  })

  it('transaction: its attempts and settlements, the oldest first, to the microsecond', async () => {
    const warehouse = await withAudit(engine, [
      { transactionId: 't1', status: 'abandoned', reason: 'in_doubt_too_long', settledAtMs: NOW + 7 },
      { transactionId: 't1', status: 'in_doubt', reason: 'timed_out', settledAtMs: NOW + 5 },
      { transactionId: 't2' },
    ])
    const rows = await readRows(warehouse, 'audit/transaction.sql', { transaction_id: 't1' })
    expect(rows.map((row) => [row.status, row.attempt, row.settled_at, row.settled_at_micros])).toEqual([
      ['in_doubt', 1, '2025-06-01 00:00:00', (NOW + 5) * 1000],
      ['abandoned', 1, '2025-06-01 00:00:00', (NOW + 7) * 1000],
    ])
  })

  it('transaction: an audit row that was written twice is shown once', async () => {
    const twice = auditTableRow(auditRow({ transactionId: 't1' }))
    const warehouse = await engine.open()
    await warehouse.append('s2s_audit', [twice, twice])
    expect(await readRows(warehouse, 'audit/transaction.sql', { transaction_id: 't1' })).toHaveLength(1)
  })

  it('transaction: one that was never sent has no time of sending', async () => {
    const warehouse = await withAudit(engine, [
      { transactionId: 't1', status: 'invalid', reason: 'currency_missing', sentAtMs: null, latencyMs: null },
    ])
    const rows = await readRows(warehouse, 'audit/transaction.sql', { transaction_id: 't1' })
    expect(rows).toMatchObject([{ sent_at: null, sent_at_micros: null, latency_ms: null }])
  })
}

function describeDeliveryLag(engine: Engine): void {
  /** Answered on a day, so long after it occurred. */
  const answered = (id: string, settledAt: string, lagMs: number, latencyMs: number | null = 80) => ({
    transactionId: id,
    settledAtMs: Date.parse(settledAt),
    occurredAtMicros: (Date.parse(settledAt) - lagMs) * 1000,
    latencyMs,
  })

  it('delivery-lag: whole seconds per UTC day of the answer', async () => {
    const warehouse = await withAudit(engine, [
      answered('t1', '2025-05-20T00:00:00Z', 90 * SECOND + 999, 40),
      answered('t2', '2025-05-20T23:59:59.999Z', 2 * HOUR, 70),
      answered('t3', '2025-05-21T00:00:00Z', 5 * SECOND, 60),
      { ...answered('t4', '2025-05-21T01:00:00Z', 50 * HOUR), status: 'rejected', reason: 'refused' },
      answered('t5', '2025-06-01T00:00:00Z', 50 * HOUR),
    ])
    const alone = { lag_p50_s: 5, lag_p90_s: 5, lag_p99_s: 5, lag_max_s: 5 }
    expect(await readRows(warehouse, 'audit/delivery-lag.sql', MAY)).toEqual([
      {
        settled_day: '2025-05-20',
        events: 2,
        lag_p50_s: 90,
        lag_p90_s: 7200,
        lag_p99_s: 7200,
        lag_max_s: 7200,
        latency_p50_ms: 40,
        latency_p99_ms: 70,
      },
      { settled_day: '2025-05-21', events: 1, ...alone, latency_p50_ms: 60, latency_p99_ms: 60 },
    ])
  })

  it('delivery-lag: a percentile is the smallest value that so many percent do not exceed', async () => {
    const sizes = [2, 3, 10, 11, 99, 100, 101, 199, 200, 201]
    const days = sizes.map((size, day) => ({
      day: `2025-05-${10 + day}`,
      lagsS: Array.from({ length: size }, (_, index) => (index * 7919) % (size > 100 ? 61 : 10_007)),
    }))
    const rows = days.flatMap(({ day, lagsS }) =>
      lagsS.map((lagS, index) => answered(`${day} ${index}`, `${day}T12:00:00Z`, lagS * SECOND, lagS + 1)),
    )
    const warehouse = await withAudit(engine, rows)
    expect(await readRows(warehouse, 'audit/delivery-lag.sql', MAY)).toEqual(
      days.map(({ day, lagsS }) => ({
        settled_day: day,
        events: lagsS.length,
        lag_p50_s: percentile(lagsS, 50),
        lag_p90_s: percentile(lagsS, 90),
        lag_p99_s: percentile(lagsS, 99),
        lag_max_s: Math.max(...lagsS),
        latency_p50_ms: percentile(lagsS, 50) + 1,
        latency_p99_ms: percentile(lagsS, 99) + 1,
      })),
    )
  })

  it('delivery-lag: what has no latency does not count as a fast answer', async () => {
    const warehouse = await withAudit(engine, [
      answered('t1', '2025-05-20T10:00:00Z', SECOND, null),
      answered('t2', '2025-05-20T11:00:00Z', SECOND, null),
      answered('t3', '2025-05-20T12:00:00Z', SECOND, 30),
      answered('t4', '2025-05-21T12:00:00Z', SECOND, null),
    ])
    const rows = await readRows(warehouse, 'audit/delivery-lag.sql', MAY)
    expect(rows.map((row) => [row.events, row.latency_p50_ms, row.latency_p99_ms])).toEqual([
      [3, 30, 30],
      [1, null, null],
    ])
  })

  it('delivery-lag: an event from a clock that runs ahead was delivered before it occurred', async () => {
    const warehouse = await withAudit(engine, [answered('t1', '2025-05-20T10:00:00Z', -90 * SECOND)])
    expect(await readRows(warehouse, 'audit/delivery-lag.sql', MAY)).toMatchObject([{ lag_p50_s: -90 }])
  })
}

/** By the definition, not by the place in the order. */
function percentile(values: readonly number[], percent: number): number {
  const reaches = (limit: number) =>
    values.filter((value) => value <= limit).length * 100 >= percent * values.length
  return Math.min(...values.filter(reaches))
}

function describeRuns(engine: Engine): void {
  const price = { usd_per_tib: '6.25', row_limit: 10 }

  it('runs: one row a run, the newest first, and one that never ended has no end', async () => {
    const warehouse = await engine.open()
    await logEnded(warehouse, 'run-1', NOW - 9, { delivered: 3, bytesBilled: 10 * MIB })
    await new RunLog(warehouse).started(runStart('run-2'), NOW - 2)
    const rows = await readRows(warehouse, 'audit/runs.sql', { row_limit: 5 })
    expect(rows).toMatchObject([
      {
        run_id: 'run-2',
        started_at: '2025-05-31 23:59:59',
        ended_at: null,
        ended_at_micros: null,
        delivered: null,
      },
      {
        run_id: 'run-1',
        started_at_micros: (NOW - 9) * 1000,
        ended_at: '2025-05-31 23:59:59',
        ended_at_micros: (NOW - 5) * 1000,
        window_from: '2025-05-30 00:00:00',
        window_to_micros: NOW * 1000,
        full_window: true,
        delivered: 3,
        requests: 7,
        retries: 1,
        duration_s: '0.004',
        bytes_billed: 10 * MIB,
        exit_code: 0,
        shard: '0/1',
      },
    ])
    expect(await readRows(warehouse, 'audit/runs.sql', { row_limit: 1 })).toHaveLength(1)
  })

  it('cost-per-run: US dollars of the bytes billed, and of 1,000 delivered events', async () => {
    const warehouse = await engine.open()
    await logEnded(warehouse, 'run-1', NOW - 9 * HOUR, { delivered: 250_000, bytesBilled: 50 * 1024 * MIB })
    await logEnded(warehouse, 'run-2', NOW - 8 * HOUR, { delivered: 2_000_000, bytesBilled: TIB })
    await logEnded(warehouse, 'run-3', NOW - 7 * HOUR, { delivered: 10_000, bytesBilled: 10 * MIB })
    const rows = await readRows(warehouse, 'audit/cost-per-run.sql', price)
    // 50 GiB of 1,024 at 6.25 are 0.30517578125, and 10 MiB of 1,048,576 are 0.0000596…; both are cut after six digits.
    expect(rows).toEqual([
      cost('run-3', '2025-05-31 17:00:00', 10_000, 10 * MIB, '0.000059', '0.000005'),
      cost('run-2', '2025-05-31 16:00:00', 2_000_000, TIB, '6.25', '0.003125'),
      cost('run-1', '2025-05-31 15:00:00', 250_000, 50 * 1024 * MIB, '0.305175', '0.00122'),
    ])
  })

  it('cost-per-run: a PiB in one run does not overflow', async () => {
    const warehouse = await engine.open()
    await logEnded(warehouse, 'run-1', NOW, { delivered: 1000, bytesBilled: 1024 * TIB })
    expect(await readRows(warehouse, 'audit/cost-per-run.sql', price)).toMatchObject([
      { usd: '6400', usd_per_1000_delivered: '6400' },
    ])
  })

  it('cost-per-run: no price for a thousand where nothing was delivered, no cost where nothing is billed', async () => {
    const warehouse = await engine.open()
    await logEnded(warehouse, 'run-1', NOW - HOUR, { delivered: 0, bytesBilled: 16 * MIB })
    await logEnded(warehouse, 'run-2', NOW, { delivered: 5, bytesBilled: null })
    const rows = await readRows(warehouse, 'audit/cost-per-run.sql', { usd_per_tib: '65536', row_limit: 10 })
    expect(rows).toMatchObject([
      { run_id: 'run-2', bytes_billed: null, usd: null, usd_per_1000_delivered: null },
      { run_id: 'run-1', usd: '1', usd_per_1000_delivered: null },
    ])
  })

  it('cost-per-run: only runs that ended, each once, the newest first', async () => {
    const warehouse = await engine.open()
    await logEnded(warehouse, 'run-1', NOW - HOUR, { delivered: 1, bytesBilled: MIB })
    await logEnded(warehouse, 'run-2', NOW, { delivered: 1, bytesBilled: MIB })
    await logEnded(warehouse, 'run-2', NOW, { delivered: 1, bytesBilled: MIB })
    await new RunLog(warehouse).started(runStart('run-3'), NOW)
    const rows = await readRows(warehouse, 'audit/cost-per-run.sql', price)
    expect(rows.map(({ run_id }) => run_id)).toEqual(['run-2', 'run-1'])
    const newest = await readRows(warehouse, 'audit/cost-per-run.sql', { ...price, row_limit: 1 })
    expect(newest.map(({ run_id }) => run_id)).toEqual(['run-2'])
  })
}

function runStart(runId: string): RunStart {
  return {
    runId,
    shard: '0/1',
    command: 'adjust-s2s run',
    host: 'worker-1',
    pid: 17,
    version: '0.1.0',
    fromMs: NOW - 48 * HOUR,
    toMs: NOW,
    epoch: 1,
    isFullWindow: true,
    ageLimitMs: NOW - 58 * 24 * HOUR,
    app: null,
    event: null,
    resend: 'none',
  }
}

/** A run of 4 ms. */
async function logEnded(
  warehouse: Warehouse,
  runId: string,
  startedAtMs: number,
  { delivered, bytesBilled }: { delivered: number; bytesBilled: number | null },
): Promise<void> {
  const log = new RunLog(warehouse)
  const zeros = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Counts
  const counts = { ...zeros, read: delivered, delivered }
  const work = { counts, reasons: [], requests: 7, retries: 1, durationS: 0.004 }
  await log.started(runStart(runId), startedAtMs)
  await log.ended(runStart(runId), { ...work, bytesBilled, exitCode: 0 }, startedAtMs + 4)
}

function cost(
  run_id: string,
  ended_at: string,
  delivered: number,
  bytes_billed: number,
  usd: string,
  usd_per_1000_delivered: string,
) {
  return { run_id, ended_at, requests: 7, delivered, bytes_billed, usd, usd_per_1000_delivered }
}
