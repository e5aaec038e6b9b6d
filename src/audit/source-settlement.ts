import { EVENT_KINDS, type SourceRow } from '../domain/event.ts'
import type { AuditRow, Status } from '../domain/settlement.ts'

export interface SettledWithoutRequest {
  status: Status
  reason: string
  message: string | null
  warnings: string[]
}

/** All but the names of the audit row and of the run, and when it was settled. */
export type SettledSourceRow = Omit<AuditRow, 'auditId' | 'runId' | 'settledAtMs'>

/** What the audit table will say of a source row that was settled without a request. */
export function settledSourceRow(row: SourceRow, settled: SettledWithoutRequest): SettledSourceRow {
  return {
    transactionId: row.transactionId,
    status: settled.status,
    reason: settled.reason,
    httpStatus: null,
    message: settled.message,
    attempt: row.earlier?.attempts ?? 0,
    kind: EVENT_KINDS.find((kind) => kind === (row.kind ?? 'event')) ?? null,
    appToken: row.appToken,
    eventToken: row.eventToken,
    device: null,
    deviceNames: [],
    identifiers: null,
    occurredAtMicros: row.occurredAtMicros,
    revenue: row.revenue,
    currency: row.currency,
    sentAtMs: null,
    latencyMs: null,
    warnings: settled.warnings,
  }
}
