import { DELIVERY_TABLES } from './delivery/tables.ts'
import type { BenchTable } from './frame/benchmark.ts'
import { WAREHOUSE_TABLES } from './warehouse/tables.ts'

/** All that `npm run bench` measures. */
export const TABLES: readonly BenchTable[] = [...WAREHOUSE_TABLES, ...DELIVERY_TABLES]
