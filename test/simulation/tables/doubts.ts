import { latestFirst } from './order.ts'
import type { Given } from './parameters.ts'
import type { AuditRecord } from './records.ts'

/** The newest settlement of each transaction; attempts and copies are none. */
export function latestOf(audit: readonly AuditRecord[]): Map<string, AuditRecord> {
  const latest = new Map<string, AuditRecord>()
  for (const row of audit) {
    if (row.status === 'retried' || row.reason === 'source_duplicate') continue
    const other = latest.get(row.transactionId)
    if (other === undefined || latestFirst(row, other) < 0) latest.set(row.transactionId, row)
  }
  return latest
}

/** The audit_ids of events whose outcome is unknown and that others still wait for, as the settings say of those with revenue and without. */
export function openDoubts(audit: readonly AuditRecord[], given: Given): Set<string> {
  const doubted = transactionsInDoubtSince(given.instant('in_doubt_since'), audit)
  if (doubted.size === 0) return doubted
  const [revenueBlocks, otherBlocks] = [given.flag('revenue_blocks'), given.flag('other_blocks')]
  const open = new Set<string>()
  for (const row of latestOf(audit.filter(({ transactionId }) => doubted.has(transactionId))).values())
    if (row.status === 'in_doubt' && (row.hasRevenue ? revenueBlocks : otherBlocks)) open.add(row.auditId)
  return open
}

function transactionsInDoubtSince(since: number, audit: readonly AuditRecord[]): Set<string> {
  const doubted = new Set<string>()
  for (const { status, settledAt, transactionId } of audit)
    if (status === 'in_doubt' && settledAt > since) doubted.add(transactionId)
  return doubted
}
