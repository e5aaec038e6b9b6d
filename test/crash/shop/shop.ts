import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type Random, systemClock } from '../../../src/domain/clock.ts'
import { seededRandom } from '../../../src/simulator/prng.ts'
import { openDuckdbWarehouse } from '../../../src/warehouse/duckdb-warehouse.ts'
import type { Witnesses } from '../check/witnesses.ts'
import { type EndedRun, RunProcess } from '../run/run-process.ts'
import { AdjustProcess } from './adjust.ts'
import { PurchaseMaker } from './purchases.ts'
import { drawShop, type Policy, type ShopPlan } from './shop-plan.ts'
import { SmallDisk } from './small-disk.ts'

const COLUMNS = {
  transaction_id: 'VARCHAR',
  occurred_at: 'TIMESTAMPTZ',
  app_token: 'VARCHAR',
  event_token: 'VARCHAR',
  adid: 'VARCHAR',
  gps_adid: 'VARCHAR',
  idfa: 'VARCHAR',
  revenue: 'DECIMAL(18,3)',
  currency: 'VARCHAR',
  device_number: 'INTEGER',
} as const

/** A shop with a warehouse, a state directory and an Adjust of its own, in a folder of its own. */
export class Shop {
  readonly folder: string
  readonly plan: ShopPlan
  readonly random: Random
  readonly adjust: AdjustProcess
  /** Null where nothing can be mounted, or the shop has an ordinary folder. */
  readonly disk: SmallDisk | null
  readonly purchases: PurchaseMaker

  private constructor(folder: string, parts: Pick<Shop, 'plan' | 'random' | 'adjust' | 'disk'>) {
    this.folder = folder
    this.plan = parts.plan
    this.random = parts.random
    this.adjust = parts.adjust
    this.disk = parts.disk
    this.purchases = new PurchaseMaker(this.random, this.plan.devices, systemClock.now())
  }

  static async open(folder: string, seed: number, changes: Partial<ShopPlan> = {}): Promise<Shop> {
    const random = seededRandom(seed)
    const plan = { ...drawShop(random, seed), ...changes }
    await mkdir(folder, { recursive: true })
    const adjust = await AdjustProcess.start({ seed, faults: plan.faults })
    const disk = plan.smallDisk ? SmallDisk.mount(path.join(folder, 'state')) : null
    const shop = new Shop(folder, { plan, random, adjust, disk })
    await shop.configure(plan.inDoubt)
    await writeFile(shop.#path('source.sql'), 'SELECT * EXCLUDE (device_number) FROM purchases')
    const types = Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`)
    await shop.#sql(`CREATE TABLE purchases (${types.join(', ')})`)
    await shop.#createTables()
    return shop
  }

  /** Writes the configuration with another policy for what is in doubt. */
  async configure(inDoubt: { revenue: Policy; other: Policy }): Promise<void> {
    const { requestsPerSecond, concurrency, timeoutMs } = this.plan
    const config = {
      warehouse: { type: 'duckdb', path: 'warehouse.duckdb' },
      source: 'source.sql',
      state_dir: 'state',
      adjust: { url: this.adjust.url },
      delivery: {
        requests_per_second: requestsPerSecond,
        concurrency,
        timeout_ms: timeoutMs,
        in_doubt: inDoubt,
      },
    }
    await writeFile(this.#path('adjust-s2s.yaml'), JSON.stringify(config, null, 2))
  }

  /** So many new purchases reach the warehouse, later than all before. While no run has it. */
  async sell(count: number): Promise<void> {
    const file = this.#path('new-purchases.ndjson')
    const rows = this.purchases.make(count)
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'))
    const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: '${type}'`)
    await this.#sql(
      `INSERT INTO purchases SELECT * FROM read_json('${file}', format = 'newline_delimited', columns = {${columns.join(', ')}})`,
    )
  }

  start(): RunProcess {
    return new RunProcess(this.folder)
  }

  /** A run that nobody disturbs. */
  run(): Promise<EndedRun> {
    return this.start().ended
  }

  /** What the three witnesses say now. While no run has the warehouse, and no fault keeps connections out. */
  async witnesses(): Promise<Witnesses> {
    const micros = (column: string) => `CAST(epoch_us(${column}) AS DOUBLE) / 1000`
    return {
      purchases: await this.#sql(
        `SELECT transaction_id AS id, ${micros('occurred_at')} AS occurredAtMs, app_token AS app, event_token AS token,
           revenue IS NOT NULL AS hasRevenue, device_number AS device,
           list_filter([adid, gps_adid, idfa], lambda name: name IS NOT NULL) AS names
         FROM purchases ORDER BY occurred_at, transaction_id`,
      ),
      truth: await this.adjust.truth(),
      latest: await this.#sql('SELECT transaction_id AS id, status, reason FROM s2s_latest'),
      audit: await this.#sql(
        `SELECT transaction_id AS id, run_id AS runId, status, reason, CAST(attempt AS INTEGER) AS attempt,
           ${micros('sent_at')} AS sentAtMs, ${micros('settled_at')} AS settledAtMs
         FROM s2s_audit ORDER BY settled_at, audit_id`,
      ),
    }
  }

  /** Keeps the folder if it is evidence. */
  async close(keep: boolean): Promise<void> {
    this.adjust.close()
    this.disk?.unmount(keep ? this.#path('state-saved') : null)
    if (!keep) await rm(this.folder, { recursive: true, force: true })
  }

  #path(name: string): string {
    return path.join(this.folder, name)
  }

  async #sql<Row = Record<string, unknown>>(statement: string): Promise<Row[]> {
    const instance = await DuckDBInstance.create(this.#path('warehouse.duckdb'))
    const connection = await instance.connect()
    try {
      return (await connection.runAndReadAll(statement)).getRowObjectsJS() as Row[]
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  }

  async #createTables(): Promise<void> {
    const warehouse = await openDuckdbWarehouse({ path: this.#path('warehouse.duckdb') })
    await warehouse.createTables()
    await warehouse.close()
  }
}
