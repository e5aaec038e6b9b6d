import type { Clock } from './domain/clock.ts'
import type { AuditRow } from './domain/settlement.ts'
import { type IntakeBatch, type IntakeRequest, takeIn } from './intake.ts'
import { auditTableRow } from './warehouse/audit-table.ts'
import type { Warehouse } from './warehouse/warehouse.ts'

/** The two ends of the pipeline, where each row passes between the warehouse and the delivery: in this thread, or in one of their own. */
export interface Ends {
  /** See `takeIn` of `intake.ts`. */
  takeIn(request: IntakeRequest, signal?: AbortSignal): AsyncIterable<IntakeBatch>
  /** Appends rows to the audit table; when it returns they are durable. All of them, or none. */
  record(rows: readonly AuditRow[]): Promise<void>
}

/** The ends in this thread. */
export function endsAt(warehouse: Warehouse, clock: Clock): Ends {
  return {
    takeIn: (request, signal) => takeIn(warehouse, clock, request, signal),
    record: (rows) => warehouse.append('s2s_audit', rows.map(auditTableRow)),
  }
}
