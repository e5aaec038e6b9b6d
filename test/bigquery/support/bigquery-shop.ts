import { rm } from 'node:fs/promises'
import { inject, onTestFinished } from 'vitest'
import { loadConfig } from '../../../src/config.ts'
import { type Clock, systemClock } from '../../../src/domain/clock.ts'
import { machineAt } from '../../../src/machine.ts'
import { newRunId } from '../../../src/run-id.ts'
import { runJob } from '../../../src/run-job.ts'
import { startSimulator } from '../../../src/simulator/simulator.ts'
import type { RunSummary } from '../../../src/summary.ts'
import { openBigqueryWarehouse } from '../../../src/warehouse/bigquery-warehouse.ts'
import type { Warehouse } from '../../../src/warehouse/warehouse.ts'
import { emptyFolder } from '../../cli/cli-process.ts'
import { Shop } from '../../end-to-end/shop.ts'
import { rowsOf } from '../../warehouse/warehouse-suite.ts'
import { createDataset, LOCATION, PROJECT } from './dataset.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'

/** A shop whose transactions are in BigQuery, behind a proxy that can fail. */
export interface BigqueryShop {
  shop: Shop
  proxy: FaultProxy
  dataset: string
  /** A warehouse of the test's own, past the proxy. */
  warehouse: Warehouse
  /** A run in this process that gives BigQuery up soon; `clock` lets it come later than the one before. */
  runSoon(clock?: Clock): Promise<RunSummary>
  statusCounts(): Promise<Record<string, number>>
}

export interface BigqueryShopOptions {
  source: string
  /** Further keys of `warehouse`. */
  settings?: Record<string, unknown>
  delivery?: Record<string, unknown>
  /** `false`: as before `adjust-s2s init`. */
  tables?: boolean
}

/** So long a run of the tests waits for a BigQuery that is down. */
const MAX_RETRY_MS = 1_500

export async function openBigqueryShop(options: BigqueryShopOptions): Promise<BigqueryShop> {
  const { source, settings = {}, delivery = {}, tables = true } = options
  const emulator = inject('bigquery')
  const [proxy, dataset] = [await startFaultProxy(emulator), await createDataset(emulator.restUrl)]
  const folder = await emptyFolder()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const adjust = await startSimulator({ port: 0, seed: 1, world: {}, faults: {} })
  onTestFinished(() => adjust.close())
  const shop = new Shop(folder, adjust, { env: { METADATA_SERVER_DETECTION: 'none' }, delivery })
  const endpoints = { api_endpoint: proxy.restUrl, storage_endpoint: proxy.grpcUrl }
  const bigquery = { type: 'bigquery', project: PROJECT, dataset, location: LOCATION }
  await shop.configure({ warehouse: { ...bigquery, ...endpoints, ...settings } })
  await shop.writeSource(source)
  const warehouse = await openBigqueryWarehouse({
    project: PROJECT,
    dataset,
    location: LOCATION,
    maximumBytesBilled: 10 ** 12,
    apiEndpoint: emulator.restUrl,
    storageEndpoint: emulator.grpcUrl,
  })
  onTestFinished(() => warehouse.close())
  if (tables) await warehouse.createTables()
  return {
    shop,
    proxy,
    dataset,
    warehouse,
    runSoon: (clock = systemClock) => runSoon(shop, proxy, dataset, clock),
    async statusCounts() {
      const query = 'SELECT status, COUNT(*) AS n FROM s2s_latest GROUP BY status'
      const rows = await rowsOf(warehouse, query)
      return Object.fromEntries(rows.map(({ status, n }) => [status, n])) as Record<string, number>
    },
  }
}

async function runSoon(shop: Shop, proxy: FaultProxy, dataset: string, clock: Clock): Promise<RunSummary> {
  const config = await loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} })
  const warehouse = await openBigqueryWarehouse({
    project: PROJECT,
    dataset,
    location: LOCATION,
    maximumBytesBilled: 10 ** 12,
    apiEndpoint: proxy.restUrl,
    storageEndpoint: proxy.grpcUrl,
    maxRetryMs: MAX_RETRY_MS,
    clock,
  })
  const selection = { from: null, to: null, app: null, event: null, limit: null, resend: 'none' as const }
  const runId = newRunId(clock.now())
  const { signal } = new AbortController()
  const job = {
    config,
    warehouse,
    selection,
    runId,
    maxRejected: null,
    command: 'test',
    signal,
    machine: machineAt(clock),
  }
  return runJob(job).finally(() => warehouse.close())
}

/**
 * A SELECT with so many purchases, a second apart, the newest an hour ago: devices take turns, tokens and revenue alternate. Their times do
 * not move from one run to the next.
 */
export function purchasesSql(purchases: number, devices: number): string {
  const newest = systemClock.now() - 3_600_000
  return `SELECT
  CONCAT('p', LPAD(CAST(n AS STRING), 6, '0')) AS transaction_id,
  TIMESTAMP_MICROS(${newest * 1000} - (${purchases} - n) * 1000000) AS occurred_at,
  'abcdefghijkl' AS app_token,
  CASE WHEN MOD(n, 3) = 0 THEN 'abc123' ELSE 'def456' END AS event_token,
  CONCAT('3f2b1c4d-0000-4000-8000-', LPAD(CAST(MOD(n, ${devices}) AS STRING), 12, '0')) AS gps_adid,
  CASE WHEN MOD(n, 4) = 0 THEN NULL ELSE CAST(n AS NUMERIC) / 100 END AS revenue,
  CASE WHEN MOD(n, 4) = 0 THEN NULL ELSE 'EUR' END AS currency
FROM UNNEST(GENERATE_ARRAY(1, ${purchases})) AS n`
}
