import { EVENT_KINDS, type SourceRow } from '../domain/event.ts'
import type { AuditRow, Settlement, Status } from '../domain/settlement.ts'

export interface SettledWithoutRequest {
  status: Status
  reason: string
  message: string | null
  warnings: string[]
}

/** The audit row of a source row that was settled without a request. */
export function settleSourceRow(
  row: SourceRow,
  settled: SettledWithoutRequest,
  run: { runId: string; auditId: string; nowMs: number },
): Settlement {
  const auditRow: AuditRow = {
    auditId: run.auditId,
    runId: run.runId,
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
    settledAtMs: run.nowMs,
    latencyMs: null,
    warnings: settled.warnings,
  }
  return { row: auditRow, earlier: row.earlier, journalSegment: null }
}
