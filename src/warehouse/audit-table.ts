import type { AuditRow } from '../domain/settlement.ts'
import { instant } from './instants.ts'
import { numericText } from './numeric.ts'
import type { TableRow } from './warehouse.ts'

/** Makes a row of `s2s_audit` from what the program says of a transaction. */
export function auditTableRow(row: AuditRow): TableRow {
  return {
    audit_id: row.auditId,
    run_id: row.runId,
    transaction_id: row.transactionId,
    status: row.status,
    reason: row.reason,
    http_status: row.httpStatus,
    // Words that were cut in the middle of a character would be refused, and all rows of the batch with them.
    message: row.message?.toWellFormed() ?? null,
    attempt: row.attempt,
    kind: row.kind,
    app_token: row.appToken,
    event_token: row.eventToken,
    device: row.device,
    device_names: row.deviceNames,
    identifiers: row.identifiers && JSON.stringify(row.identifiers),
    occurred_at: row.occurredAtMicros === null ? null : { timestampMicros: row.occurredAtMicros },
    revenue: row.revenue === null ? null : numericText(row.revenue),
    currency: row.currency,
    sent_at: row.sentAtMs === null ? null : instant(row.sentAtMs),
    settled_at: { timestampMicros: row.settledAtMs * 1000 },
    latency_ms: row.latencyMs === null ? null : Math.round(row.latencyMs),
    warnings: row.warnings,
  }
}
