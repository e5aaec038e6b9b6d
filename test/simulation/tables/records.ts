import type { Identifier } from '../../../src/domain/event.ts'
import { EVIDENCE_REASONS } from '../../../src/domain/reason.ts'
import type { QueryValue, TableRow } from '../../../src/warehouse/warehouse.ts'

/** One row of the source contract: text or null, and its instant in epoch microseconds. */
export interface SourceRecord extends Record<Identifier, string | null> {
  transaction_id: string | null
  occurred_at_micros: number | null
  kind: string | null
  app_token: string | null
  event_token: string | null
  revenue: string | null
  currency: string | null
  ip_address: string | null
  user_agent: string | null
  os_name: string | null
  callback_params: string | null
  partner_params: string | null
  parameters: string | null
  environment: string | null
}

/** What the queries look at in a row of `s2s_audit`. Instants are epoch microseconds. */
export interface AuditRecord {
  auditId: string
  runId: string
  transactionId: string
  status: string
  reason: string
  message: string | null
  attempt: number
  appToken: string | null
  /** What an event has to be in order with, besides the revenue of its device; null for what has no order. */
  scope: string | null
  hasRevenue: boolean
  device: string | null
  deviceNames: readonly string[]
  occurredAt: number | null
  sentAt: number | null
  settledAt: number
  /** A deferral that no evidence stands behind: it says less than an outcome. */
  isMereWait: boolean
}

/** Sessions have an order of their own, and so has all revenue of a device: names that no event token has. */
export const SESSION_SCOPE = ' session'
export const REVENUE_SCOPE = ' revenue'

export function auditRecord(row: TableRow): AuditRecord {
  const [status, reason] = [row.status as string, row.reason as string]
  return {
    auditId: row.audit_id as string,
    runId: row.run_id as string,
    transactionId: row.transaction_id as string,
    status,
    reason,
    message: textOf(row.message),
    attempt: row.attempt as number,
    appToken: textOf(row.app_token),
    scope: auditScope(textOf(row.kind), textOf(row.event_token)),
    hasRevenue: (row.revenue ?? null) !== null,
    device: textOf(row.device),
    deviceNames: (row.device_names as string[] | null | undefined) ?? [],
    occurredAt: microsOf(row.occurred_at),
    sentAt: microsOf(row.sent_at),
    settledAt: microsOf(row.settled_at)!,
    isMereWait: status === 'deferred' && !EVIDENCE_REASONS.includes(reason),
  }
}

function auditScope(kind: string | null, eventToken: string | null): string | null {
  if (kind === 'event') return eventToken
  return kind === 'session' ? SESSION_SCOPE : null
}

/** Rows without an instant stand in a partition of their own, which is always read. */
export function isRecent(audit: Pick<AuditRecord, 'occurredAt'>, auditFrom: number): boolean {
  return audit.occurredAt === null || audit.occurredAt >= auditFrom
}

export function textOf(cell: TableRow[string] | undefined): string | null {
  return (cell as string | null | undefined) ?? null
}

export function wholeOf(cell: TableRow[string] | undefined): number | null {
  return (cell as number | null | undefined) ?? null
}

/** The instant of a cell or a parameter in epoch microseconds. The warehouse keeps whole ones. */
export function microsOf(cell: TableRow[string] | undefined): number | null {
  if (cell === null || cell === undefined) return null
  return Math.round((cell as { timestampMicros: number }).timestampMicros)
}

/** A whole number as a query returns it: as text where JavaScript's numbers are not exact. */
export function wholeValue(whole: number | null): QueryValue {
  return whole === null || Number.isSafeInteger(whole) ? whole : digitsOf(whole)
}

export function digitsOf(whole: number): string {
  return BigInt(whole).toString()
}
