import { join } from 'node:path'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import type { Prepare, Prepared } from '../frame/benchmark.ts'
import { temporaryFolder } from '../frame/folder.ts'
import { type BigqueryServer, type Distance, openBigquery } from './bigquery.ts'
import { deliveredRow } from './rows.ts'

/** As src/audit/audit.ts has it. */
const BATCH_ROWS = 4_000

export function appendBigquery(distance: Distance): Prepare {
  return async (rows, [server]) => {
    const warehouse = await openBigquery(server as BigqueryServer, distance, 'arrow')
    return appending(warehouse, rows)
  }
}

/** Each time into a new file. */
export const appendDuckdb: Prepare = async (rows) => {
  const { openDuckdbWarehouse } = await import('../../src/warehouse/duckdb-warehouse.ts')
  const path = join(temporaryFolder(), 'warehouse.duckdb')
  const warehouse = await openDuckdbWarehouse({ path, create: true })
  await warehouse.createTables()
  return appending(warehouse, rows)
}

function appending(warehouse: Warehouse, rows: number): Prepared {
  // Made once: the pipeline has them from the delivery, and the memory of all of them at once would hide that of the appender.
  const settled = Array.from({ length: Math.min(BATCH_ROWS, rows) }, (_, row) => deliveredRow(row))
  return {
    async work(onFirst) {
      for (let first = 0; first < rows; first += BATCH_ROWS) {
        const batch = settled.slice(0, rows - first)
        const named = batch.map((row, index) =>
          auditTableRow({ ...row, auditId: `${row.runId}/${first + index}` }),
        )
        await warehouse.append('s2s_audit', named)
        onFirst()
      }
      return rows
    },
    close: () => warehouse.close(),
  }
}
