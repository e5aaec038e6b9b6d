import type { QueryParameters, QueryValue, TableRow } from '../../src/warehouse/warehouse.ts'
import { auditIds, oldestOpen } from './tables/audit.ts'
import { extract } from './tables/extract.ts'
import { leaseFirst, leaseHolders, leaseRelease, leaseRenew, leaseTake } from './tables/lease.ts'
import { Given } from './tables/parameters.ts'
import { type AuditRecord, auditRecord, type SourceRecord } from './tables/records.ts'
import { lastFullRuns, unfinishedRuns } from './tables/runs.ts'
import { checkStorable } from './tables/stored-row.ts'

export type { SourceRecord } from './tables/records.ts'

type Row = Record<string, QueryValue>

/**
 * A warehouse's tables in memory, and every query and statement of `sql/` that a run uses: the same rows in the same order as DuckDB
 * gives (`tables.test.ts` compares them), in microseconds. Written from what the SQL means, so each is a second opinion on the other.
 */
export class Tables {
  readonly source: SourceRecord[] = []
  /** Append-only: a row that is in it never changes. */
  readonly audit: TableRow[] = []
  readonly runs: TableRow[] = []
  readonly lease: TableRow[] = []
  readonly #auditRecords: AuditRecord[] = []

  /** Adds all rows, or throws and adds none. */
  append(table: string, rows: readonly TableRow[]): void {
    const stored = this.#table(table)
    for (const row of rows) checkStorable(table, row)
    for (const row of rows) stored.push(row)
  }

  /** Runs a query, named as callers name it: `sql/extract.sql`. */
  query(name: string, parameters: QueryParameters): Row[] {
    const given = new Given(parameters)
    switch (name) {
      case 'sql/extract.sql':
        return extract(this.source, this.#records(), given)
      case 'sql/audit-ids.sql':
        return auditIds(this.#records(), given)
      case 'sql/oldest-open.sql':
        return oldestOpen(this.#records(), given)
      case 'sql/last-full-runs.sql':
        return lastFullRuns(this.runs, given)
      case 'sql/unfinished-runs.sql':
        return unfinishedRuns(this.runs)
      case 'sql/lease-holders.sql':
        return leaseHolders(this.lease)
      default:
        throw new Error(`no query ${name} in the simulation's tables`)
    }
  }

  /** Runs a statement that changes rows, and answers how many. */
  update(name: string, parameters: QueryParameters): number {
    const given = new Given(parameters)
    switch (name) {
      case 'sql/lease-first.sql':
        return leaseFirst(this.lease, given)
      case 'sql/lease-take.sql':
        return leaseTake(this.lease, given)
      case 'sql/lease-renew.sql':
        return leaseRenew(this.lease, given)
      case 'sql/lease-release.sql':
        return leaseRelease(this.lease, given)
      default:
        throw new Error(`no statement ${name} in the simulation's tables`)
    }
  }

  #table(name: string): TableRow[] {
    if (name === 's2s_audit') return this.audit
    if (name === 's2s_runs') return this.runs
    if (name === 's2s_lease') return this.lease
    throw new Error(`no table ${name}`)
  }

  /** Each row is taken apart once. */
  #records(): readonly AuditRecord[] {
    for (const row of this.audit.slice(this.#auditRecords.length)) this.#auditRecords.push(auditRecord(row))
    return this.#auditRecords
  }
}
