import { describe, expect, it } from 'vitest'
import type { AuditRow } from '../../../src/domain/settlement.ts'
import { SOURCE_CONTRACT } from '../../../src/extract/contract.ts'
import { auditTableRow } from '../../../src/warehouse/audit-table.ts'
import { auditRow, micros, name } from '../../warehouse/audit-row.ts'
import type { SourceRecord } from './records.ts'
import { SideBySide } from './side-by-side.ts'

const NOON = micros('2025-05-20T12:00:00Z')
const NOW = micros('2025-06-01T00:00:00Z')

/** A purchase of device a1 at noon, with what the test says otherwise. */
function sourceRow(cells: Partial<SourceRecord>): SourceRecord {
  const empty = Object.fromEntries(SOURCE_CONTRACT.map(({ name }) => [name, null]))
  const { occurred_at: _, ...columns } = empty
  const row = { ...columns, occurred_at_micros: NOON, app_token: 'app000000001', event_token: 'buy001' }
  return { ...(row as unknown as SourceRecord), adid: 'a1', ...cells }
}

async function extracted(source: SourceRecord[], audit: AuditRow[], resendAll = false) {
  const both = await SideBySide.open(source)
  await both.append('s2s_audit', audit.map(auditTableRow))
  return both.query('extract.sql', {
    window_from: { timestampMicros: 0 },
    window_to: { timestampMicros: NOW },
    full_window: true,
    future: { timestampMicros: NOW },
    audit_from: { timestampMicros: 0 },
    app: '',
    event: '',
    transaction: '',
    shard_from: '',
    shard_to: '',
    resend_failed: false,
    resend_all: resendAll,
    in_doubt_since: { timestampMicros: 0 },
    revenue_blocks: true,
    other_blocks: true,
    row_limit: 100,
  })
}

describe("what a row meets in the audit table, in the simulation's tables and in DuckDB,", () => {
  it('is another event in doubt, not the row itself, though it is the first or the last of them', async () => {
    const ids = ['a', 'b', 'c']
    const doubt = { status: 'in_doubt', reason: 'timed_out' } as const
    const rows = await extracted(
      ids.map((transaction_id) => sourceRow({ transaction_id })),
      ids.map((transactionId) => auditRow({ transactionId, ...doubt })),
    )
    expect(rows.map((row) => [row.transaction_id, row.waits_for_in_doubt])).toEqual([
      ['a', 'c'],
      ['b', 'a'],
      ['c', 'a'],
    ])
  })

  it('is nothing where it alone was delivered, twice and at other times', async () => {
    const times = [NOON + 2, NOON + 1]
    const [row] = await extracted(
      [sourceRow({ transaction_id: 'a' })],
      times.map((occurredAtMicros) => auditRow({ transactionId: 'a', occurredAtMicros })),
      true,
    )
    expect(row?.later_delivered_at_micros).toBeNull()
  })

  it('is the newest of the others where the row itself is the newest', async () => {
    const [row] = await extracted(
      [sourceRow({ transaction_id: 'a' })],
      [
        auditRow({ transactionId: 'a', occurredAtMicros: NOON + 3 }),
        auditRow({ transactionId: 'b', occurredAtMicros: NOON + 1 }),
        auditRow({ transactionId: 'c', occurredAtMicros: NOON + 2 }),
      ],
      true,
    )
    expect(row?.later_delivered_at_micros).toBe(NOON + 2)
  })

  it('leads to a name of its own that no audit row lists', async () => {
    const [listed, unlisted] = [name('adid', 'a1'), name('idfa', 'AB')]
    const [row] = await extracted(
      [sourceRow({ transaction_id: 'a', idfa: 'AB' })],
      [auditRow({ transactionId: 'b', deviceNames: [listed], device: unlisted })],
    )
    expect(row?.known_device_names).toBe(unlisted)
  })
  it('is its own attempt, where a run died before there was an outcome', async () => {
    const attempt = { status: 'retried', reason: 'internal_error', attempt: 2 } as const
    const rows = await extracted(
      [sourceRow({ transaction_id: 'a' })],
      [auditRow({ transactionId: 'a', ...attempt })],
    )
    expect(rows).toMatchObject([{ earlier_status: 'retried', earlier_attempts: 2 }])
  })

  it('is the evidence that opened it again, and not the doubt of the same request', async () => {
    const doubt = { status: 'in_doubt', reason: 'timed_out', settledAtMs: NOW / 1000 - 2 } as const
    const evidence = {
      status: 'deferred',
      reason: 'absent_from_export',
      settledAtMs: NOW / 1000 - 1,
    } as const
    const rows = await extracted(
      ['a', 'b'].map((transaction_id) => sourceRow({ transaction_id })),
      [doubt, evidence].map((fields) => auditRow({ transactionId: 'a', ...fields })),
    )
    expect(rows).toMatchObject([
      { transaction_id: 'a', earlier_reason: 'absent_from_export' },
      { transaction_id: 'b', waits_for_in_doubt: null },
    ])
  })

  it('is the doubt and not a wait that was written after it', async () => {
    const doubt = { status: 'in_doubt', reason: 'timed_out', settledAtMs: NOW / 1000 - 2 } as const
    const wait = { status: 'deferred', reason: 'waits_for_earlier', settledAtMs: NOW / 1000 - 1 } as const
    const rows = await extracted(
      ['a', 'b'].map((transaction_id) => sourceRow({ transaction_id })),
      [doubt, wait].map((fields) => auditRow({ transactionId: 'a', ...fields })),
    )
    expect(rows).toMatchObject([
      { transaction_id: 'a', earlier_reason: 'timed_out' },
      { transaction_id: 'b', waits_for_in_doubt: 'a' },
    ])
  })
})
