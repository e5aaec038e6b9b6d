import type { EarlierOutcome } from '../domain/event.ts'
import type { Reason } from '../domain/reason.ts'
import type { AuditRow, AuditStatus } from '../domain/settlement.ts'
import type { OutcomeRow } from './journal-record.ts'
import type { Ticket } from './ordering.ts'

/** The part of an audit row that is known before the event is settled. */
export type UnsettledRow = Omit<
  AuditRow,
  'status' | 'reason' | 'httpStatus' | 'message' | 'settledAtMs' | 'latencyMs'
>

/** How it ended. */
export interface Conclusion {
  status: AuditStatus
  reason: Reason
  httpStatus: number | null
  message: string | null
  latencyMs: number | null
  warnings: string[]
}

/** Refusals of a second sending that say nothing of the first: had it been counted, they would be the same. */
const DEPENDS_ON_THE_FIRST = new Set<Reason>(['bad_event_state', 'device_opted_out', 'refused'])

/** A conclusion without a request. */
export function unsent(status: AuditStatus, reason: Reason, message: string | null = null): Conclusion {
  return { status, reason, httpStatus: null, message, latencyMs: null, warnings: [] }
}

/**
 * An event that an earlier run left in doubt stays so until an answer settles it, whatever kept this run from sending it again. Recorded as
 * deferred, the next run would send it on its own, and Adjust could count it twice.
 */
export function keepDoubt(conclusion: Conclusion, earlier: EarlierOutcome | null): Conclusion {
  if (earlier?.status !== 'in_doubt') return conclusion
  const message = conclusion.message ?? `not sent again: ${conclusion.reason}`
  if (conclusion.status === 'expired' || conclusion.status === 'suppressed') {
    return { ...conclusion, status: 'abandoned', reason: 'in_doubt_too_long', message }
  }
  if (conclusion.status === 'rejected' && DEPENDS_ON_THE_FIRST.has(conclusion.reason))
    return { ...conclusion, status: 'abandoned', reason: 'refused_again' }
  if (conclusion.status !== 'deferred') return conclusion
  return { ...conclusion, status: 'in_doubt', reason: earlier.reason as Reason, message }
}

export function unsettledRow(ticket: Ticket, run: { runId: string }, auditId: string): UnsettledRow {
  const { event, deviceRoot, deviceNames } = ticket
  return {
    auditId,
    runId: run.runId,
    transactionId: event.transactionId,
    attempt: (event.earlier?.attempts ?? 0) + ticket.requests,
    kind: event.kind,
    appToken: event.appToken,
    eventToken: event.eventToken,
    device: deviceRoot,
    deviceNames: withRoot(deviceNames, deviceRoot),
    identifiers: event.identifiers,
    occurredAtMicros: event.occurredAtMicros,
    revenue: event.revenue,
    currency: event.currency,
    sentAtMs: null,
    warnings: event.warnings,
  }
}

export function settledRow(row: UnsettledRow, conclusion: Conclusion, settledAtMs: number): AuditRow {
  return { ...row, ...conclusion, warnings: [...row.warnings, ...conclusion.warnings], settledAtMs }
}

/** What the journal keeps of a settled row beside its intent. */
export function outcomeOf(row: AuditRow): OutcomeRow {
  const {
    auditId,
    status,
    reason,
    httpStatus,
    message,
    attempt,
    sentAtMs,
    settledAtMs,
    latencyMs,
    warnings,
  } = row
  return { auditId, status, reason, httpStatus, message, attempt, sentAtMs, settledAtMs, latencyMs, warnings }
}

/** The root among the names is the link by which later runs find everything that is this device. */
function withRoot(names: readonly string[], root: string | null): string[] {
  return root === null || names.includes(root) ? [...names] : [...names, root]
}
