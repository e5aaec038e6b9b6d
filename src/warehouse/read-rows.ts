import { readQuery } from './queries.ts'
import type { QueryParameters, QueryValue, ResultBatch, Warehouse } from './warehouse.ts'

/** All rows of one of this program's small queries, as objects: `readRows(warehouse, 'audit/runs.sql', { row_limit: 5 })`. */
export async function readRows(
  warehouse: Pick<Warehouse, 'query'>,
  file: string,
  parameters: QueryParameters = {},
): Promise<Record<string, QueryValue>[]> {
  const rows: Record<string, QueryValue>[] = []
  for await (const batch of warehouse.query(readQuery(file), { name: `sql/${file}`, parameters })) {
    for (const row of rowsOf(batch)) rows.push(row)
  }
  return rows
}

/** The rows of a batch, as objects. */
export function rowsOf({ rowCount, columns }: ResultBatch): Record<string, QueryValue>[] {
  const entries = Object.entries(columns)
  return Array.from({ length: rowCount }, (_, row) =>
    Object.fromEntries(entries.map(([name, values]) => [name, values[row] ?? null])),
  )
}
