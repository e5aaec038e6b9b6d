import { MS_PER_DAY } from '../../src/domain/durations.ts'
import { checkContract, type ExtractOptions, extract } from '../../src/extract/extract.ts'
import type { QueryOptions, Warehouse } from '../../src/warehouse/warehouse.ts'
import type { Prepare, Prepared } from '../frame/benchmark.ts'
import { type BigqueryServer, type Distance, openBigquery } from './bigquery.ts'
import { COLUMNS, NOW_MS, SOURCE_COLUMNS } from './rows.ts'

/** The server does not look at it, and every query of this program is checked before it goes out. */
const ANY_QUERY = 'SELECT transaction_id FROM s2s_audit'

const OPTIONS: ExtractOptions = {
  window: { fromMs: NOW_MS - 50 * MS_PER_DAY, toMs: NOW_MS, full: true },
  resend: 'none',
  nowMs: NOW_MS,
  inDoubtBlocks: { revenue: true, other: true },
  inDoubtHoldHours: 24,
}

/** Column by column, as `Warehouse.query` gives them. */
export function bigqueryBatches(project: 'pages' | 'arrow', distance: Distance = 'near'): Prepare {
  return async (_rows, [server]) =>
    reading(await openBigquery(server as BigqueryServer, distance, project), (warehouse) =>
      batches(warehouse, ANY_QUERY),
    )
}

/** As the pipeline gets them, their order checked. */
export function bigquerySourceRows(project: 'pages' | 'arrow'): Prepare {
  return async (_rows, [server]) =>
    reading(await openBigquery(server as BigqueryServer, 'near', project), (warehouse) =>
      extract(warehouse, '', OPTIONS),
    )
}

/** The same columns straight from the table: what is left of `duckdbSourceRows` without its query. */
export const duckdbBatches: Prepare = async (_rows, [path]) =>
  reading(await openDuckdb(path as string), (warehouse) =>
    batches(warehouse, 'SELECT * FROM ({{source}}) AS source', { source: PLAIN_SELECT }),
  )

/** The whole extraction, with an audit table that has no rows. */
export const duckdbSourceRows: Prepare = async (_rows, [path]) => {
  const warehouse = await openDuckdb(path as string)
  const select = `SELECT occurred_at, ${SOURCE_COLUMNS.join(', ')} FROM purchases`
  const projection = await checkContract(warehouse, select)
  return reading(warehouse, () => extract(warehouse, projection, OPTIONS))
}

const PLAIN_SELECT = `SELECT ${Object.entries(COLUMNS).map(([name, type]) => {
  if (SOURCE_COLUMNS.includes(name)) return name
  if (name === 'occurred_at_micros') return `epoch_us(occurred_at) AS ${name}`
  return `${type === 'bool' ? 'false' : type === 'whole' ? 'NULL::BIGINT' : 'NULL::VARCHAR'} AS ${name}`
})} FROM purchases`

async function openDuckdb(path: string): Promise<Warehouse> {
  const { openDuckdbWarehouse } = await import('../../src/warehouse/duckdb-warehouse.ts')
  return openDuckdbWarehouse({ path })
}

async function* batches(
  warehouse: Warehouse,
  sql: string,
  options?: QueryOptions,
): AsyncIterable<{ length: number }> {
  for await (const { rowCount, columns } of warehouse.query(sql, options)) {
    if (Object.keys(columns).length !== Object.keys(COLUMNS).length) throw new Error('not all columns came')
    yield { length: rowCount }
  }
}

function reading(
  warehouse: Warehouse,
  read: (warehouse: Warehouse) => AsyncIterable<{ length: number }>,
): Prepared {
  return {
    async work(onFirst) {
      let rows = 0
      for await (const { length } of read(warehouse)) {
        onFirst()
        rows += length
      }
      return rows
    },
    close: () => warehouse.close(),
  }
}
