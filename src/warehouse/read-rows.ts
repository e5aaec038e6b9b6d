import { readQuery } from './queries.ts'
import type { QueryParameters, QueryValue, Warehouse } from './warehouse.ts'

/** All rows of one of this program's small queries, as objects: `readRows(warehouse, 'audit/runs.sql', { row_limit: 5 })`. */
export async function readRows(
  warehouse: Pick<Warehouse, 'query'>,
  file: string,
  parameters: QueryParameters = {},
): Promise<Record<string, QueryValue>[]> {
  const rows: Record<string, QueryValue>[] = []
  for await (const { rowCount, columns } of warehouse.query(readQuery(file), {
    name: `sql/${file}`,
    parameters,
  })) {
    for (let row = 0; row < rowCount; row++) {
      rows.push(
        Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row] ?? null])),
      )
    }
  }
  return rows
}
