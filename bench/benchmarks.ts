import { join } from 'node:path'
import type { BenchTable } from './frame/benchmark.ts'

const script = (path: string) => join(import.meta.dirname, path)
const BIGQUERY_SERVER = script('warehouse/bigquery-server.ts')
const DUCKDB_FILE = script('warehouse/duckdb-file.ts')

const read = () => import('./warehouse/read.ts')
const append = () => import('./warehouse/append.ts')

/** All that `npm run bench` measures. */
export const TABLES: readonly BenchTable[] = [
  {
    title: 'Reading the columns of the extraction (Warehouse.query)',
    rows: 1_000_000,
    lines: [
      {
        name: 'read-rest',
        what: 'BigQuery, REST pages',
        fixture: BIGQUERY_SERVER,
        load: async () => (await read()).bigqueryBatches('pages'),
      },
      {
        name: 'read-arrow',
        what: 'BigQuery, Storage Read API',
        fixture: BIGQUERY_SERVER,
        load: async () => (await read()).bigqueryBatches('arrow'),
      },
      {
        name: 'read-duckdb',
        what: 'DuckDB, plain SELECT',
        fixture: DUCKDB_FILE,
        load: async () => (await read()).duckdbBatches,
      },
    ],
  },
  {
    title: 'Reading source rows (extract)',
    rows: 1_000_000,
    lines: [
      {
        name: 'read-rest',
        what: 'BigQuery, REST pages',
        fixture: BIGQUERY_SERVER,
        load: async () => (await read()).bigquerySourceRows('pages'),
      },
      {
        name: 'read-arrow',
        what: 'BigQuery, Storage Read API',
        fixture: BIGQUERY_SERVER,
        load: async () => (await read()).bigquerySourceRows('arrow'),
      },
      {
        name: 'read-duckdb',
        what: 'DuckDB, query included',
        fixture: DUCKDB_FILE,
        load: async () => (await read()).duckdbSourceRows,
      },
    ],
  },
  {
    title: 'Appending audit rows (Warehouse.append, 4,000 at once)',
    rows: 100_000,
    lines: [
      {
        name: 'append-bigquery',
        what: 'BigQuery, Storage Write API',
        fixture: BIGQUERY_SERVER,
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
    rows: 100_000,
    lines: [
      {
        name: 'read-rest',
        what: 'REST pages',
        fixture: BIGQUERY_SERVER,
        load: async () => (await read()).bigqueryBatches('pages', 'far'),
      },
      {
        name: 'read-arrow',
        what: 'Storage Read API',
        fixture: BIGQUERY_SERVER,
        load: async () => (await read()).bigqueryBatches('arrow', 'far'),
      },
      {
        name: 'append-bigquery',
        what: 'Storage Write API',
        fixture: BIGQUERY_SERVER,
        load: async () => (await append()).appendBigquery('far'),
      },
    ],
  },
]
