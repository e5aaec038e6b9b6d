import { join } from 'node:path'
import type { BenchTable, Fixture } from '../frame/benchmark.ts'
import {
  cpuMicros,
  firstSeconds,
  name,
  peakMb,
  perSecond,
  ratioToFirst,
  spread,
  what,
} from '../frame/columns.ts'

const fixture = (file: string): Fixture => ({
  script: join(import.meta.dirname, file),
  args: (rows) => [String(rows)],
})
const BIGQUERY_SERVER = fixture('bigquery-server.ts')
const DUCKDB_FILE = fixture('duckdb-file.ts')

const read = () => import('./read.ts')
const append = () => import('./append.ts')

const COLUMNS = [name, what, perSecond('row'), spread, ratioToFirst, cpuMicros('row'), peakMb, firstSeconds]

/** Reading and appending, by each warehouse. */
export const WAREHOUSE_TABLES: readonly BenchTable[] = [
  {
    title: 'Reading the columns of the extraction (Warehouse.query)',
    unit: 'rows',
    sizes: [{ rows: 1_000_000 }],
    columns: COLUMNS,
    lines: [
      {
        name: 'read-rest',
        what: 'BigQuery, REST pages',
        fixtures: [BIGQUERY_SERVER],
        load: async () => (await read()).bigqueryBatches('pages'),
      },
      {
        name: 'read-arrow',
        what: 'BigQuery, Storage Read API',
        fixtures: [BIGQUERY_SERVER],
        load: async () => (await read()).bigqueryBatches('arrow'),
      },
      {
        name: 'read-duckdb',
        what: 'DuckDB, plain SELECT',
        fixtures: [DUCKDB_FILE],
        load: async () => (await read()).duckdbBatches,
      },
    ],
  },
  {
    title: 'Reading source rows (extract)',
    unit: 'rows',
    sizes: [{ rows: 1_000_000 }],
    columns: COLUMNS,
    lines: [
      {
        name: 'read-rest',
        what: 'BigQuery, REST pages',
        fixtures: [BIGQUERY_SERVER],
        load: async () => (await read()).bigquerySourceRows('pages'),
      },
      {
        name: 'read-arrow',
        what: 'BigQuery, Storage Read API',
        fixtures: [BIGQUERY_SERVER],
        load: async () => (await read()).bigquerySourceRows('arrow'),
      },
      {
        name: 'read-duckdb',
        what: 'DuckDB, query included',
        fixtures: [DUCKDB_FILE],
        load: async () => (await read()).duckdbSourceRows,
      },
    ],
  },
  {
    title: 'Appending audit rows (Warehouse.append, 4,000 at once)',
    unit: 'rows',
    sizes: [{ rows: 100_000 }],
    columns: COLUMNS,
    lines: [
      {
        name: 'append-bigquery',
        what: 'BigQuery, Storage Write API',
        fixtures: [BIGQUERY_SERVER],
        load: async () => (await append()).appendBigquery('near'),
      },
      {
        name: 'append-duckdb',
        what: 'DuckDB, a new file',
        load: async () => (await append()).appendDuckdb,
      },
    ],
  },
  {
    title: 'BigQuery ten milliseconds away (Warehouse.query, Warehouse.append)',
    unit: 'rows',
    sizes: [{ rows: 100_000 }],
    columns: COLUMNS,
    lines: [
      {
        name: 'read-rest',
        what: 'REST pages',
        fixtures: [BIGQUERY_SERVER],
        load: async () => (await read()).bigqueryBatches('pages', 'far'),
      },
      {
        name: 'read-arrow',
        what: 'Storage Read API',
        fixtures: [BIGQUERY_SERVER],
        load: async () => (await read()).bigqueryBatches('arrow', 'far'),
      },
      {
        name: 'append-bigquery',
        what: 'Storage Write API',
        fixtures: [BIGQUERY_SERVER],
        load: async () => (await append()).appendBigquery('far'),
      },
    ],
  },
]
