import type { QueryValue } from '../../../src/warehouse/warehouse.ts'
import { latestOf } from './doubts.ts'
import type { Given } from './parameters.ts'
import { type AuditRecord, wholeValue } from './records.ts'

type Row = Record<string, QueryValue>

/** `sql/audit-ids.sql`: which audit rows of a run there are, between two instants. */
export function auditIds(audit: readonly AuditRecord[], given: Given): Row[] {
  const runId = given.text('run_id')
  const [from, to] = [given.instant('occurred_from'), given.instant('occurred_to')]
  return audit
    .filter((row) => row.runId === runId)
    .filter(({ occurredAt }) => occurredAt === null || (occurredAt >= from && occurredAt <= to))
    .map(({ auditId }) => ({ audit_id: auditId }))
}

/** `sql/oldest-open.sql`: the oldest transaction that waits or is in doubt; null when there is none. */
export function oldestOpen(audit: readonly AuditRecord[], given: Given): Row[] {
  const auditFrom = given.instant('audit_from')
  const dated = audit.filter(({ occurredAt }) => occurredAt !== null && occurredAt >= auditFrom)
  let oldest: number | null = null
  for (const { status, occurredAt } of latestOf(dated).values())
    if (status === 'deferred' || status === 'in_doubt') oldest = Math.min(occurredAt!, oldest ?? occurredAt!)
  return [{ oldest_micros: wholeValue(oldest) }]
}
