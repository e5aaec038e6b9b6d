import type { WarehouseConfig } from '../config.ts'
import { TerminalError } from '../domain/errors.ts'
import type { Warehouse } from './warehouse.ts'

export interface OpenOptions {
  /** Make the warehouse itself where it is missing (a new DuckDB file). */
  create?: boolean
  readOnly?: boolean
  /** Where the engine spills what does not fit into memory. */
  tempDirectory?: string
  memoryLimitMb?: number
}

/** Opens the warehouse that the configuration names; only its engine is loaded. Throws Terminal- and TransientErrors. */
export async function openWarehouse(config: WarehouseConfig, options: OpenOptions = {}): Promise<Warehouse> {
  switch (config.type) {
    case 'duckdb': {
      const { openDuckdbWarehouse } = await import('./duckdb-warehouse.ts')
      return openDuckdbWarehouse({ path: config.path, ...options })
    }
    case 'bigquery':
      throw new TerminalError('warehouse.type bigquery is not available in this version yet.', {
        hint: 'Set warehouse.type to duckdb. `adjust-s2s init --print` already shows the tables for BigQuery.',
      })
  }
}
