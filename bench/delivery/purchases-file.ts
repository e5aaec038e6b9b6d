import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { systemClock } from '../../src/domain/clock.ts'
import { MS_PER_DAY, MS_PER_MINUTE } from '../../src/domain/durations.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { temporaryFolder } from '../frame/folder.ts'
import { provide } from '../frame/script.ts'
import type { PurchasesFile } from './purchases.ts'

/**
 * Makes a DuckDB file with purchases of the last fifty days in order of their time, and with this program's tables, which are empty:
 * `node purchases-file.ts ROWS DEVICES`.
 */
const [rows, devices] = process.argv.slice(2).map(Number) as [number, number]

/** At most so many devices take turns until each has bought all that it does: those of a shop come and go, too. */
const DEVICES_AT_ONCE = 1_000

const YOUNGEST_MS = 10 * MS_PER_MINUTE
const DAYS = 50

const path = join(temporaryFolder(), 'warehouse.duckdb')
const warehouse = await openDuckdbWarehouse({ path, create: true })
await warehouse.createTables()
await warehouse.close()
const instance = await DuckDBInstance.create(path)
const connection = await instance.connect()
await createPurchases(connection)
connection.closeSync()
instance.closeSync()
await provide({ path } satisfies PurchasesFile)
process.exit()

/** In SQL alone, so that ten million rows are a matter of seconds. DuckDB keeps the order of `range`. */
async function createPurchases(connection: DuckDBConnection): Promise<void> {
  const lastMicros = (systemClock.now() - YOUNGEST_MS) * 1000
  const stepMicros = Math.floor((DAYS * MS_PER_DAY * 1000) / rows)
  const atOnce = Math.ceil(devices / Math.ceil(devices / DEVICES_AT_ONCE))
  const inTurn = atOnce * Math.ceil(rows / devices)
  await connection.run(`
    CREATE TABLE purchases AS
    SELECT
      printf('order-%010d', n) AS transaction_id,
      make_timestamptz(${lastMicros} - (${rows} - n) * ${stepMicros}) AS occurred_at,
      '4w565xzmb54d' AS app_token,
      CASE WHEN n % 2 = 0 THEN 'f0ob4r' ELSE 'b4rf00' END AS event_token,
      hash AS adid,
      CASE WHEN is_ios THEN upper(uuid) END AS idfa,
      CASE WHEN NOT is_ios THEN uuid END AS gps_adid,
      'user-' || device AS device_id,
      CASE WHEN is_ios THEN 'ios' ELSE 'android' END AS os_name,
      CASE WHEN n % 2 = 0 THEN ((n % 200) + 0.99)::DECIMAL(18, 2) END AS revenue,
      CASE WHEN n % 2 = 0 THEN 'EUR' END AS currency,
      '10.' || (n % 250) || '.' || (n % 199) || '.7' AS ip_address,
      CASE WHEN is_ios
        THEN 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148'
        ELSE 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36'
      END AS user_agent,
      '{"order_id":"order-' || n || '","category":"shoes","items":"3"}' AS callback_params
    FROM (
      SELECT
        *, md5('device ' || device) AS hash, device % 3 = 0 AS is_ios,
        regexp_replace(md5('id ' || device), '^(.{8})(.{4}).(.{3}).(.{3})(.{12})$', '\\1-\\2-4\\3-8\\4-\\5') AS uuid
      FROM (SELECT n, n // ${inTurn} * ${atOnce} + n % ${atOnce} AS device FROM range(${rows}) AS numbers(n)) AS numbered
    ) AS bought`)
}
