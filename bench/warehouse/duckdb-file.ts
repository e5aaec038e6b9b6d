import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBDataChunk, DuckDBInstance, VARCHAR } from '@duckdb/node-api'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { provide } from '../frame/script.ts'
import { extractedRow, occurredAtMicros, SOURCE_COLUMNS } from './rows.ts'

/**
 * Makes a DuckDB file with a table `purchases`, which has the rows that the BigQuery server sends, and with this program's tables, which
 * have none: `node duckdb-file.ts ROWS`.
 */
const totalRows = Number(process.argv[2])

/** As many as a chunk may have; then they repeat themselves, but for ids and instants. */
const DIFFERENT_ROWS = 2_000

async function appendDifferentRows(connection: DuckDBConnection): Promise<void> {
  await connection.run(
    `CREATE TEMP TABLE samples (${SOURCE_COLUMNS.map((name) => `${name} VARCHAR`).join(', ')})`,
  )
  const rows = Array.from({ length: DIFFERENT_ROWS }, (_, row) => extractedRow(row))
  const chunk = DuckDBDataChunk.create(SOURCE_COLUMNS.map(() => VARCHAR))
  chunk.setColumns(SOURCE_COLUMNS.map((name) => rows.map((row) => (row[name] ?? null) as string | null)))
  const appender = await connection.createAppender('samples')
  appender.appendDataChunk(chunk)
  appender.closeSync()
}

async function createPurchases(connection: DuckDBConnection): Promise<void> {
  await appendDifferentRows(connection)
  const first = occurredAtMicros(0)
  const step = occurredAtMicros(1) - first
  await connection.run(`
    CREATE TABLE purchases AS
    SELECT
      sample.* REPLACE (printf('order-%010d', number) AS transaction_id),
      make_timestamptz(${first} + number * ${step}) AS occurred_at
    FROM range(${totalRows}) AS numbers(number)
    JOIN (SELECT *, row_number() OVER () - 1 AS place FROM samples) AS sample ON place = number % ${DIFFERENT_ROWS}
    ORDER BY number`)
  await connection.run('ALTER TABLE purchases DROP COLUMN place')
}

const folder = mkdtempSync(join(tmpdir(), 'adjust-s2s-bench-'))
const path = join(folder, 'warehouse.duckdb')
try {
  const warehouse = await openDuckdbWarehouse({ path, create: true })
  await warehouse.createTables()
  await warehouse.close()
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await createPurchases(connection)
  connection.closeSync()
  instance.closeSync()
  await provide(path)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit()
