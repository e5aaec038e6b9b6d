import type { Config } from '../config.ts'
import { BYTES_PER_GB } from './gigabytes.ts'
import { loadDuckdb } from './load-duckdb.ts'
import type { WarehouseAdmin } from './warehouse.ts'

export interface OpenOptions {
  /** Make the warehouse itself where it is missing (a new DuckDB file). */
  create?: boolean
  readOnly?: boolean
  /** Where the engine spills what does not fit into memory. */
  tempDirectory?: string
  memoryLimitMb?: number
  /** What BigQuery writes on each job, for the billing export. */
  labels?: Record<string, string>
  /** Told when BigQuery fails for a moment and is asked again. */
  onTrouble?: (message: string) => void
  /** How long BigQuery is asked again. */
  maxRetryMs?: number
  /** Aborts when the program is to end soon: BigQuery is then asked again for ten seconds only. */
  hurry?: AbortSignal
}

/** Opens the warehouse that the configuration names; only its engine is loaded. Throws Terminal- and TransientErrors. */
export async function openWarehouse(
  config: Pick<Config, 'warehouse' | 'audit'>,
  options: OpenOptions = {},
): Promise<WarehouseAdmin> {
  const { labels, onTrouble, maxRetryMs, hurry, ...forDuckdb } = options
  const { warehouse, audit } = config
  switch (warehouse.type) {
    case 'duckdb': {
      const { openDuckdbWarehouse } = await loadDuckdb(() => import('./duckdb-warehouse.ts'))
      return openDuckdbWarehouse({ path: warehouse.path, ...forDuckdb })
    }
    case 'bigquery': {
      const { openBigqueryWarehouse } = await import('./bigquery-warehouse.ts')
      return openBigqueryWarehouse({
        ...warehouse,
        maximumBytesBilled: Math.floor(warehouse.maximumGbBilled * BYTES_PER_GB),
        expireDays: audit.expireDays,
        onTrouble,
        maxRetryMs,
        hurry,
        ...(labels ? { labels } : {}),
      })
    }
  }
}
