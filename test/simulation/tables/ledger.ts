import { latestFirst } from './order.ts'
import type { AuditRecord } from './records.ts'

/** What the audit table says of a transaction. */
export interface LedgerEntry {
  /** Its newest settlement, or its newest attempt when there is no settlement. */
  newest: AuditRecord
  attempts: number
  firstSentAt: number | null
}

/** One entry a transaction. Copies in the source have its id, and say nothing of its outcome. */
export function ledgerOf(audit: readonly AuditRecord[]): Map<string, LedgerEntry> {
  const entries = new Map<string, LedgerEntry>()
  for (const row of audit) {
    const entry = entries.get(row.transactionId)
    if (entry) addTo(entry, row)
    else entries.set(row.transactionId, { newest: row, attempts: row.attempt, firstSentAt: row.sentAt })
  }
  for (const [transactionId, { newest }] of entries)
    if (newest.reason === 'source_duplicate') entries.delete(transactionId)
  return entries
}

function addTo(entry: LedgerEntry, row: AuditRecord): void {
  if ((weight(row) - weight(entry.newest) || latestFirst(row, entry.newest)) < 0) entry.newest = row
  entry.attempts = Math.max(entry.attempts, row.attempt)
  entry.firstSentAt = earlier(entry.firstSentAt, row.sentAt)
}

/** What says more comes first: a settlement, an attempt, a copy. */
function weight({ reason, status }: AuditRecord): number {
  if (reason === 'source_duplicate') return 2
  return status === 'retried' ? 1 : 0
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
