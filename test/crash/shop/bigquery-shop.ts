import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { FaultPlan } from '../../../src/simulator/fault-plan.ts'
import { openBigqueryWarehouse } from '../../../src/warehouse/bigquery-warehouse.ts'
import type { Warehouse } from '../../../src/warehouse/warehouse.ts'
import { type Emulator, startEmulator } from '../../bigquery/support/emulator.ts'
import type { LatestRow, Witnesses } from '../check/witnesses.ts'
import { type EndedRun, RunProcess } from '../run/run-process.ts'
import { AdjustProcess } from './adjust.ts'
import { purchasesSql, type Row, toAuditRow, toPurchase } from './bigquery-rows.ts'
import type { Policy } from './shop-plan.ts'

const PROJECT = 'test'
const DATASET = 'shop'
const LOCATION = 'EU'
/** Beside the runs, the emulator may take its time to read all of the tables. */
const WITNESS_TIMEOUT_MS = 300_000

export interface BigqueryShopPlan {
  seed: number
  faults: FaultPlan
  requestsPerSecond: number
  concurrency: number
  timeoutMs: number
  devices: number
  inDoubt: { revenue: Policy; other: Policy }
  purchases: number
  /** Whether both machines have one `state_dir`, as on a volume that moves with the job. */
  shared: boolean
}

/** A shop whose purchases are in BigQuery (the emulator), with two machines that may run its job. */
export class BigqueryShop {
  readonly folder: string
  readonly plan: BigqueryShopPlan
  readonly adjust: AdjustProcess
  readonly #emulator: Emulator
  readonly #warehouse: Warehouse
  readonly #source: string
  #machine = 'machine-1'

  private constructor(
    folder: string,
    parts: Pick<BigqueryShop, 'plan' | 'adjust'> & { emulator: Emulator; warehouse: Warehouse },
  ) {
    this.folder = folder
    this.plan = parts.plan
    this.adjust = parts.adjust
    this.#emulator = parts.emulator
    this.#warehouse = parts.warehouse
    this.#source = purchasesSql(parts.plan.purchases, parts.plan.devices)
  }

  /** Throws when the emulator is not installed (`node tools/bigquery-emulator/setup.ts`). */
  static async open(folder: string, plan: BigqueryShopPlan): Promise<BigqueryShop> {
    const emulator = await startEmulator()
    await createDataset(emulator.restUrl)
    const adjust = await AdjustProcess.start(plan)
    const warehouse = await openBigqueryWarehouse({
      project: PROJECT,
      dataset: DATASET,
      location: LOCATION,
      maximumBytesBilled: 10 ** 12,
      callTimeoutMs: WITNESS_TIMEOUT_MS,
      apiEndpoint: emulator.restUrl,
      storageEndpoint: emulator.grpcUrl,
    })
    await warehouse.createTables()
    const shop = new BigqueryShop(folder, { plan, adjust, emulator, warehouse })
    for (const machine of ['machine-1', 'machine-2']) {
      await mkdir(path.join(folder, machine), { recursive: true })
      await writeFile(path.join(folder, machine, 'source.sql'), shop.#source)
    }
    await shop.configure(plan.inDoubt)
    return shop
  }

  /** From here on runs are those of the other machine. */
  useOtherMachine(): void {
    this.#machine = 'machine-2'
  }

  /** Writes the configuration of both machines with another policy for what is in doubt. */
  async configure(inDoubt: { revenue: Policy; other: Policy }): Promise<void> {
    const { requestsPerSecond, concurrency, timeoutMs, shared } = this.plan
    const { restUrl, grpcUrl } = this.#emulator
    const endpoints = { api_endpoint: restUrl, storage_endpoint: grpcUrl }
    const config = {
      warehouse: { type: 'bigquery', project: PROJECT, dataset: DATASET, location: LOCATION, ...endpoints },
      source: 'source.sql',
      state_dir: shared ? '../state' : 'state',
      adjust: { url: this.adjust.url },
      delivery: {
        requests_per_second: requestsPerSecond,
        concurrency,
        timeout_ms: timeoutMs,
        in_doubt: inDoubt,
      },
    }
    for (const machine of ['machine-1', 'machine-2'])
      await writeFile(path.join(this.folder, machine, 'adjust-s2s.yaml'), JSON.stringify(config, null, 2))
  }

  start(): RunProcess {
    // Google's client looks for the metadata server of a machine in its cloud, for many seconds.
    const env = { METADATA_SERVER_DETECTION: 'none' }
    return new RunProcess(path.join(this.folder, this.#machine), ['run', '--json'], env)
  }

  /** A run that nobody disturbs. */
  run(): Promise<EndedRun> {
    return this.start().ended
  }

  async witnesses(): Promise<Witnesses> {
    const ms = (column: string) => `CAST(UNIX_MICROS(${column}) AS INT64)`
    const purchases = await this.#rows(
      `SELECT transaction_id AS id, ${ms('occurred_at')} AS occurred, event_token, revenue IS NOT NULL AS paid, gps_adid
       FROM ({{source}}) AS source ORDER BY occurred_at, transaction_id`,
      this.#source,
    )
    const latest = await this.#rows('SELECT transaction_id AS id, status, reason FROM s2s_latest')
    const audit = await this.#rows(
      `SELECT transaction_id AS id, run_id, status, reason, attempt, ${ms('sent_at')} AS sent, ${ms('settled_at')} AS settled
       FROM s2s_audit ORDER BY settled_at, audit_id`,
    )
    return {
      purchases: purchases.map(toPurchase),
      truth: await this.adjust.truth(),
      latest: latest as unknown as LatestRow[],
      audit: audit.map(toAuditRow),
    }
  }

  async close(keep: boolean): Promise<void> {
    this.adjust.close()
    await this.#warehouse.close()
    await this.#emulator.stop()
    if (!keep) await rm(this.folder, { recursive: true, force: true })
  }

  async #rows(query: string, source?: string): Promise<Row[]> {
    const rows: Row[] = []
    const batches = this.#warehouse.query(query, source === undefined ? {} : { source })
    for await (const { rowCount, columns } of batches) {
      const entries = Object.entries(columns)
      for (let row = 0; row < rowCount; row++)
        rows.push(Object.fromEntries(entries.map(([name, values]) => [name, values[row]!])))
    }
    return rows
  }
}

async function createDataset(restUrl: string): Promise<void> {
  const response = await fetch(`${restUrl}/bigquery/v2/projects/${PROJECT}/datasets`, {
    method: 'POST',
    body: JSON.stringify({
      datasetReference: { projectId: PROJECT, datasetId: DATASET },
      location: LOCATION,
    }),
    headers: { 'content-type': 'application/json' },
  })
  if (!response.ok)
    throw new Error(`the emulator made no dataset: ${response.status} ${await response.text()}`)
}
