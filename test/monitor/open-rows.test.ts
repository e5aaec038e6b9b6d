import { describe, expect, it } from 'vitest'
import { MS_PER_DAY, MS_PER_HOUR } from '../../src/domain/durations.ts'
import { readOpenGroups, readOpenRows } from '../../src/monitor/open-rows.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { auditRow } from '../warehouse/audit-row.ts'
import { scratchPath } from '../warehouse/scratch.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const LIMITS = { maxAgeDays: 58, inDoubtHoldHours: 24 }

async function warehouseWith(rows: Parameters<typeof auditRow>[0][]) {
  const warehouse = await openDuckdbWarehouse({ path: scratchPath('warehouse.duckdb'), create: true })
  await warehouse.createTables()
  await warehouse.append(
    's2s_audit',
    rows.map((row) => auditTableRow(auditRow(row))),
  )
  return warehouse
}

const daysAgo = (days: number) => (NOW - days * MS_PER_DAY) * 1000
const WAITS = { status: 'deferred', reason: 'device_not_found' } as const
const DOUBT = { status: 'in_doubt', reason: 'timed_out' } as const

describe('what is open', () => {
  it('is counted by status, with the oldest, and with when the first is given up: a doubt after its hold', async () => {
    const warehouse = await warehouseWith([
      { transactionId: 't1', ...WAITS, occurredAtMicros: daysAgo(57) },
      { transactionId: 't2', ...DOUBT, occurredAtMicros: daysAgo(2), settledAtMs: NOW - 20 * MS_PER_HOUR },
      { transactionId: 't3', ...WAITS, occurredAtMicros: daysAgo(1) },
      { transactionId: 't4', occurredAtMicros: daysAgo(50) },
    ])
    expect(await readOpenRows(warehouse, LIMITS, NOW, new AbortController().signal)).toEqual({
      counts: { in_doubt: 1, deferred: 2 },
      oldestOccurredAtMs: NOW - 57 * MS_PER_DAY,
      givenUpAtMs: { in_doubt: NOW + 4 * MS_PER_HOUR, deferred: NOW + MS_PER_DAY },
    })
    await warehouse.close()
  })

  it('leaves out for the metrics what is too old to be sent, and shows it in status for as long again', async () => {
    const warehouse = await warehouseWith([
      { transactionId: 't1', ...WAITS, occurredAtMicros: daysAgo(59) },
      { transactionId: 't2', ...WAITS, occurredAtMicros: daysAgo(117) },
    ])
    expect(await readOpenRows(warehouse, LIMITS, NOW, new AbortController().signal)).toEqual({
      counts: { in_doubt: 0, deferred: 0 },
      oldestOccurredAtMs: null,
      givenUpAtMs: { in_doubt: null, deferred: null },
    })
    expect(await readOpenGroups(warehouse, LIMITS, NOW)).toMatchObject([{ events: 1, example: 't1' }])
    await warehouse.close()
  })

  it('is given up after 28 days where it is ad revenue, and that comes first although it is younger', async () => {
    const warehouse = await warehouseWith([
      { transactionId: 'sale', ...WAITS, occurredAtMicros: daysAgo(50) },
      { transactionId: 'ad', ...WAITS, kind: 'ad_revenue', occurredAtMicros: daysAgo(27) },
    ])
    expect(await readOpenRows(warehouse, LIMITS, NOW, new AbortController().signal)).toEqual({
      counts: { in_doubt: 0, deferred: 2 },
      oldestOccurredAtMs: NOW - 50 * MS_PER_DAY,
      givenUpAtMs: { in_doubt: null, deferred: NOW + MS_PER_DAY },
    })
    expect(await readOpenGroups(warehouse, LIMITS, NOW)).toMatchObject([
      { kind: 'ad_revenue', example: 'ad' },
      { kind: 'event', example: 'sale' },
    ])
    await warehouse.close()
  })

  it('leaves out for the metrics ad revenue that is too old, and counts the younger of it', async () => {
    const warehouse = await warehouseWith([
      { transactionId: 'sale', ...WAITS, occurredAtMicros: daysAgo(40) },
      { transactionId: 'ad1', ...WAITS, kind: 'ad_revenue', occurredAtMicros: daysAgo(30) },
      { transactionId: 'ad2', ...WAITS, kind: 'ad_revenue', occurredAtMicros: daysAgo(20) },
    ])
    expect(await readOpenRows(warehouse, LIMITS, NOW, new AbortController().signal)).toEqual({
      counts: { in_doubt: 0, deferred: 2 },
      oldestOccurredAtMs: NOW - 40 * MS_PER_DAY,
      givenUpAtMs: { in_doubt: null, deferred: NOW + 8 * MS_PER_DAY },
    })
    await warehouse.close()
  })

  it('is not waited for longer than asked', async () => {
    const warehouse = await warehouseWith([])
    const signal = AbortSignal.abort(new Error('no more time'))
    await expect(readOpenRows(warehouse, LIMITS, NOW, signal)).rejects.toThrow('no more time')
    await warehouse.close()
  })
})
