import type { EarlierOutcome, EventKind, SentIdentifier } from './event.ts'

/** What became of an event. Every row that a run reads ends in exactly one of these. */
export const STATUSES = [
  'delivered',
  'duplicate',
  'rejected',
  'invalid',
  'expired',
  'late',
  'suppressed',
  'abandoned',
  'in_doubt',
  'deferred',
] as const
export type Status = (typeof STATUSES)[number]

/** Statuses that a later run looks at again; the others are final. */
export const OPEN_STATUSES = ['in_doubt', 'deferred'] as const satisfies readonly Status[]

/** An audit row is a settlement, or one attempt that was followed by another in the same run. */
export type AuditStatus = Status | 'retried'

/** One row of `s2s_audit`. Times are epoch milliseconds unless the name says otherwise. */
export interface AuditRow {
  /** Names the row: writing the same one again changes nothing. */
  auditId: string
  runId: string
  transactionId: string
  status: AuditStatus
  reason: string
  httpStatus: number | null
  /** Adjust's own words, or what broke. */
  message: string | null
  /** Which request for this transaction it was, over all runs; 0 when none was made. */
  attempt: number
  kind: EventKind | null
  appToken: string | null
  eventToken: string | null
  /** The one name under which all of `deviceNames` go; null when the row names no device. */
  device: string | null
  deviceNames: string[]
  /** Plain identifiers, only with `audit.identifiers: plain`. */
  identifiers: Partial<Record<SentIdentifier, string>> | null
  occurredAtMicros: number | null
  revenue: string | null
  currency: string | null
  sentAtMs: number | null
  settledAtMs: number
  latencyMs: number | null
  warnings: string[]
}

export interface ReasonCount {
  status: Status
  reason: string
  count: number
  /** transaction_id of the first of them, for `explain`. */
  example: string
}

export type Counts = Record<'read' | Status, number>

/** An audit row on its way to the warehouse. */
export interface Settlement {
  row: AuditRow
  /** What the audit table said of the transaction before this run; a wait that goes on unchanged is counted, not written again. */
  earlier: EarlierOutcome | null
  /** The journal segment that may go only after this row is acknowledged; null when no request was made. */
  journalSegment: number | null
}
