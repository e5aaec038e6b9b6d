import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { readQuery } from '../../src/warehouse/queries.ts'
import { readRows } from '../../src/warehouse/read-rows.ts'
import { translate } from '../../src/warehouse/translate.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { auditRow, micros } from './audit-row.ts'
import { duckdb } from './duckdb-engine.ts'

const NOW = Date.parse('2025-06-01T00:00:00Z')
const HOUR = 3_600_000
const at = (iso: string) => ({ timestampMicros: micros(iso) })

async function withAudit(rows: Parameters<typeof auditRow>[0][]): Promise<Warehouse> {
  const warehouse = await duckdb.open()
  await warehouse.append(
    's2s_audit',
    rows.map((row) => auditTableRow(auditRow(row))),
  )
  return warehouse
}

describe('the queries for people', () => {
  it('are all within the portable subset', () => {
    const files = readdirSync(new URL('../../sql/audit/', import.meta.url))
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) expect(translate(readQuery(`audit/${file}`), file)).not.toBe('')
  })

  it('delivered-by-day: events and revenue of each UTC day and token', async () => {
    const warehouse = await withAudit([
      {
        transactionId: 't1',
        revenue: '0.1',
        currency: 'EUR',
        occurredAtMicros: micros('2025-05-20T23:59:59Z'),
      },
      {
        transactionId: 't2',
        revenue: '0.2',
        currency: 'EUR',
        occurredAtMicros: micros('2025-05-20T00:00:00Z'),
      },
      { transactionId: 't3', occurredAtMicros: micros('2025-05-21T00:00:00Z') },
      { transactionId: 't4', status: 'rejected', reason: 'refused' },
    ])
    const window = { window_from: at('2025-05-20T00:00:00Z'), window_to: at('2025-05-22T00:00:00Z') }
    expect(await readRows(warehouse, 'audit/delivered-by-day.sql', window)).toEqual([
      {
        day: '2025-05-20',
        app_token: 'app000000001',
        event_token: 'buy001',
        currency: 'EUR',
        events: 2,
        revenue: '0.3',
      },
      {
        day: '2025-05-21',
        app_token: 'app000000001',
        event_token: 'buy001',
        currency: null,
        events: 1,
        revenue: null,
      },
    ])
  })

  it('delivered-by-day: an audit row that was written twice counts once', async () => {
    const twice = auditTableRow(auditRow({ transactionId: 't1', revenue: '5' }))
    const warehouse = await duckdb.open()
    await warehouse.append('s2s_audit', [twice, twice])
    const window = { window_from: at('2025-05-20T00:00:00Z'), window_to: at('2025-05-22T00:00:00Z') }
    expect(await readRows(warehouse, 'audit/delivered-by-day.sql', window)).toMatchObject([
      { events: 1, revenue: '5' },
    ])
  })

  it('rejections-by-reason: the largest heap first', async () => {
    const warehouse = await withAudit([
      { transactionId: 't1', status: 'rejected', reason: 'refused', message: 'no' },
      {
        transactionId: 't2',
        status: 'invalid',
        reason: 'revenue_negative',
        httpStatus: null,
        message: 'revenue is -5',
      },
      {
        transactionId: 't3',
        status: 'invalid',
        reason: 'revenue_negative',
        httpStatus: null,
        message: 'revenue is -6',
      },
      { transactionId: 't4' },
    ])
    const rows = await readRows(warehouse, 'audit/rejections-by-reason.sql', {
      settled_from: at('2025-05-01T00:00:00Z'),
    })
    expect(rows).toMatchObject([
      {
        status: 'invalid',
        reason: 'revenue_negative',
        events: 2,
        example: 't2',
        example_message: 'revenue is -5',
      },
      { status: 'rejected', reason: 'refused', http_status: 200, events: 1, example: 't1' },
    ])
  })

  it('lost-revenue: what came too late, by day', async () => {
    const warehouse = await withAudit([
      { transactionId: 't1', status: 'late', reason: 'later_event_delivered', revenue: '3', currency: 'EUR' },
      {
        transactionId: 't2',
        status: 'expired',
        reason: 'too_old',
        revenue: '4',
        currency: 'EUR',
        occurredAtMicros: micros('2025-03-01T00:00:00Z'),
      },
      { transactionId: 't3', revenue: '9', currency: 'EUR' },
    ])
    const rows = await readRows(warehouse, 'audit/lost-revenue.sql', {
      settled_from: at('2025-05-01T00:00:00Z'),
    })
    expect(rows.map(({ day, status, revenue }) => [day, status, revenue])).toEqual([
      ['2025-03-01', 'expired', '4'],
      ['2025-05-20', 'late', '3'],
    ])
  })

  it('waiting: each open transaction with its age', async () => {
    const warehouse = await withAudit([
      {
        transactionId: 't1',
        status: 'deferred',
        reason: 'device_not_found',
        occurredAtMicros: (NOW - 30 * HOUR) * 1000,
        settledAtMs: NOW - 2 * HOUR,
      },
      {
        transactionId: 't2',
        status: 'in_doubt',
        reason: 'timed_out',
        occurredAtMicros: (NOW - 50 * HOUR) * 1000,
        settledAtMs: NOW - 1,
      },
      { transactionId: 't3' },
    ])
    const rows = await readRows(warehouse, 'audit/waiting.sql', {
      now: { timestampMicros: NOW * 1000 },
      row_limit: 10,
    })
    expect(rows.map((row) => [row.transaction_id, row.age_hours, row.unchanged_hours])).toEqual([
      ['t2', 50, 0],
      ['t1', 30, 2],
    ])
  })

  it('open: what waits or is in doubt, by reason', async () => {
    const warehouse = await withAudit([
      { transactionId: 't1', status: 'deferred', reason: 'run_stopped' },
      { transactionId: 't2', status: 'deferred', reason: 'run_stopped' },
      { transactionId: 't3' },
    ])
    expect(await readRows(warehouse, 'audit/open.sql')).toMatchObject([
      { reason: 'run_stopped', events: 2, example: 't1' },
    ])
  })

  it('transaction: its attempts and settlements, the oldest first', async () => {
    const warehouse = await withAudit([
      { transactionId: 't1', attempt: 2, settledAtMs: NOW },
      { transactionId: 't1', status: 'retried', reason: 'rate_limited', attempt: 1, settledAtMs: NOW - 5 },
      { transactionId: 't2' },
    ])
    const rows = await readRows(warehouse, 'audit/transaction.sql', { transaction_id: 't1' })
    expect(rows.map(({ status, attempt }) => [status, attempt])).toEqual([
      ['retried', 1],
      ['delivered', 2],
    ])
  })

  it('runs: one row a run, the newest first, and one that never ended has no end', async () => {
    const warehouse = await duckdb.open()
    const logged = (run: string, event: string, ms: number) => ({
      run_id: run,
      shard: '0/1',
      event,
      logged_at: { timestampMicros: ms * 1000 },
    })
    await warehouse.append('s2s_runs', [
      { ...logged('run-1', 'started', NOW - 9), command: 'run' },
      { ...logged('run-1', 'ended', NOW - 5), exit_code: 0, duration_s: 0.004 },
      logged('run-2', 'started', NOW - 2),
    ])
    const rows = await readRows(warehouse, 'audit/runs.sql', { row_limit: 5 })
    expect(rows.map((row) => [row.run_id, row.ended_at_micros, row.duration_s])).toEqual([
      ['run-2', null, null],
      ['run-1', (NOW - 5) * 1000, '0.004'],
    ])
  })
})
