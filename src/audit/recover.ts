import type { AuditRow } from '../domain/settlement.ts'
import { auditTableRow } from '../warehouse/audit-table.ts'
import { readQuery } from '../warehouse/queries.ts'
import type { QueryParameters, Warehouse } from '../warehouse/warehouse.ts'

const WRITE_ROWS = 4_000

/**
 * Writes the rows that an earlier process left in its journal and that the warehouse does not have. Answers those it wrote.
 * It may be repeated: what a first try has written is found by its `audit_id`.
 */
export async function writeMissing(
  warehouse: Pick<Warehouse, 'append' | 'query'>,
  rows: readonly AuditRow[],
): Promise<AuditRow[]> {
  const missing = new Map(rows.map((row) => [row.auditId, row]))
  for (const [runId, ofRun] of Map.groupBy(rows, (row) => row.runId)) {
    const query = warehouse.query(readQuery('audit-ids.sql'), {
      name: 'sql/audit-ids.sql',
      parameters: { run_id: runId, ...boundsOf(ofRun) },
    })
    for await (const { columns } of query) {
      for (const auditId of columns.audit_id ?? []) missing.delete(auditId as string)
    }
  }
  const unwritten = [...missing.values()]
  await writeRows(warehouse, unwritten)
  return unwritten
}

/** The first and the last instant of the rows that have one. */
function boundsOf(rows: readonly AuditRow[]): QueryParameters {
  const instants = rows.map((row) => row.occurredAtMicros).filter((micros) => micros !== null)
  const first = instants.reduce((least, micros) => Math.min(least, micros), instants[0] ?? 0)
  const last = instants.reduce((most, micros) => Math.max(most, micros), first)
  return { occurred_from: { timestampMicros: first }, occurred_to: { timestampMicros: last } }
}

/**
 * Appends rows to the audit table, in pieces that the warehouse takes. `beforeEach` piece may throw to stop: a first part may be written
 * then.
 */
export async function writeRows(
  warehouse: Pick<Warehouse, 'append'>,
  rows: readonly AuditRow[],
  beforeEach = () => {},
): Promise<void> {
  for (let start = 0; start < rows.length; start += WRITE_ROWS) {
    beforeEach()
    await warehouse.append('s2s_audit', rows.slice(start, start + WRITE_ROWS).map(auditTableRow))
  }
}
