import { convertBigqueryColumn } from './bigquery/columns.ts'
import { convertDuckdbColumn } from './duckdb-columns.ts'
import type { Warehouse } from './warehouse.ts'

/** How columns of a warehouse of this type are converted, without the warehouse. */
export function columnConverter(type: 'duckdb' | 'bigquery'): Warehouse['convertColumn'] {
  return type === 'duckdb' ? convertDuckdbColumn : convertBigqueryColumn
}
