import { millis } from '../warehouse/instants.ts'
import type { QueryValue } from '../warehouse/warehouse.ts'

/** A row of one of this program's queries. */
export type Row = Record<string, QueryValue>

export function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/** For JSON output: columns of microseconds become ISO instants under the plain name. */
export function withInstants(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) =>
      name.endsWith('_micros') ? [name.slice(0, -'_micros'.length), iso(millis(value))] : [name, value],
    ),
  )
}
