import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, onTestFinished } from 'vitest'
import { systemClock } from '../../src/domain/clock.ts'
import type { FaultPlan } from '../../src/simulator/fault-plan.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import type { World } from '../../src/simulator/world.ts'
import type { RunSummary } from '../../src/summary.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { type CliResult, emptyFolder, runCli, startCli } from '../cli/cli-process.ts'

/** Node's own default folder: the many short processes of these tests start in half the time. */
const COMPILE_CACHE = path.join(os.tmpdir(), 'node-compile-cache')

export const APP = 'abcdefghijkl'
export const OTHER_APP = 'zyxwvutsrqpo'

/** Columns of the shop's table: the whole source contract, in the types that fit it best. */
const COLUMNS = {
  transaction_id: 'VARCHAR',
  occurred_at: 'TIMESTAMPTZ',
  kind: 'VARCHAR',
  app_token: 'VARCHAR',
  event_token: 'VARCHAR',
  adid: 'VARCHAR',
  idfa: 'VARCHAR',
  gps_adid: 'VARCHAR',
  device_id: 'VARCHAR',
  revenue: 'DECIMAL(18,3)',
  currency: 'VARCHAR',
  ip_address: 'VARCHAR',
  user_agent: 'VARCHAR',
  callback_params: 'VARCHAR',
  partner_params: 'VARCHAR',
  parameters: 'VARCHAR',
} as const
export type Purchase = Partial<Record<keyof typeof COLUMNS, string | null>>

/** A UUID for each number. */
export const uuid = (number: number) => `3f2b1c4d-0000-4000-8000-${String(number).padStart(12, '0')}`

export const minutesAgo = (minutes: number) => new Date(systemClock.now() - minutes * 60_000).toISOString()
export const daysAgo = (days: number) => minutesAgo(days * 1440)

/** A good purchase of two hours ago, on a device of its own, with changes. */
export function purchase(transactionId: string | null, changes: Purchase = {}): Purchase {
  return {
    transaction_id: transactionId,
    occurred_at: minutesAgo(120),
    app_token: APP,
    event_token: 'abc123',
    gps_adid: randomUUID(),
    revenue: '9.990',
    currency: 'EUR',
    ...changes,
  }
}

/** `purchaseCount` purchases: devices take turns, tokens and revenue alternate, the oldest first. */
export function manyPurchases(purchaseCount: number, deviceCount: number): Purchase[] {
  return Array.from({ length: purchaseCount }, (_, index) =>
    purchase(`p${String(index).padStart(6, '0')}`, {
      occurred_at: minutesAgo(60 + purchaseCount - index),
      gps_adid: uuid(index % deviceCount),
      event_token: index % 3 === 0 ? 'abc123' : 'def456',
      ...(index % 4 === 0 ? { revenue: null, currency: null } : {}),
    }),
  )
}

export interface ShopOptions {
  purchases?: Purchase[]
  world?: World
  faults?: FaultPlan
  adjust?: Record<string, unknown>
  delivery?: Record<string, unknown>
  /** The SELECT; by default everything in the table. */
  source?: string
  env?: Record<string, string>
  /** `false`: as before `adjust-s2s init`. */
  tables?: boolean
  /** Other types for columns of the shop's table. */
  columnTypes?: Purchase
}

export interface AuditEntry {
  transaction_id: string
  status: string
  reason: string
  message: string | null
  attempt: number
  warnings: string[]
}

export type RunResult = CliResult & { summary: RunSummary }

/** A shop with a warehouse, a configuration and an Adjust of its own: the real command runs in its folder. */
export class Shop {
  readonly folder: string
  readonly adjust: Simulator
  readonly #options: ShopOptions

  constructor(folder: string, adjust: Simulator, options: ShopOptions) {
    this.folder = folder
    this.adjust = adjust
    this.#options = options
  }

  get warehousePath(): string {
    return this.path('warehouse.duckdb')
  }

  path(name: string): string {
    return path.join(this.folder, name)
  }

  get columnTypes(): Record<string, string | null> {
    return { ...COLUMNS, ...this.#options.columnTypes }
  }

  /** Writes the configuration anew, with further changes; keys as in `adjust-s2s.yaml`. */
  async configure({
    adjust = {},
    delivery = {},
    ...others
  }: Record<string, object | string> = {}): Promise<void> {
    const config = {
      warehouse: { type: 'duckdb', path: 'warehouse.duckdb' },
      source: 'transactions.sql',
      state_dir: 'state',
      adjust: { url: this.adjust.url, ...this.#options.adjust, ...(adjust as object) },
      delivery: { requests_per_second: 20_000, ...this.#options.delivery, ...(delivery as object) },
      ...others,
    }
    await writeFile(this.path('adjust-s2s.yaml'), JSON.stringify(config, null, 2))
  }

  /** The SELECT that yields the transactions. */
  async writeSource(select: string): Promise<void> {
    await writeFile(this.path('transactions.sql'), select)
  }

  async sell(purchases: readonly Purchase[]): Promise<void> {
    const file = this.path(`${randomUUID()}.ndjson`)
    await writeFile(file, purchases.map((row) => JSON.stringify(row)).join('\n'))
    const types = Object.entries(this.columnTypes).map(([name, type]) => `${name}: '${type}'`)
    await this.sql(
      `INSERT INTO purchases SELECT * FROM read_json('${file}', format = 'newline_delimited', columns = {${types.join(', ')}})`,
    )
  }

  /** Runs SQL in the warehouse, while no command has it. */
  async sql<Row = Record<string, unknown>>(statement: string): Promise<Row[]> {
    const instance = await DuckDBInstance.create(this.warehousePath)
    const connection = await instance.connect()
    try {
      return (await connection.runAndReadAll(statement)).getRowObjectsJson() as Row[]
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  }

  /** Newest settlement of every transaction, by transaction id. */
  async audit(): Promise<Record<string, AuditEntry>> {
    const rows = await this.sql<AuditEntry>(
      'SELECT * REPLACE (CAST(attempt AS INTEGER) AS attempt) FROM s2s_latest ORDER BY transaction_id',
    )
    return Object.fromEntries(rows.map((row) => [row.transaction_id, row]))
  }

  /** `delivered ok` by transaction id. */
  async outcomes(): Promise<Record<string, string>> {
    const entries = Object.entries(await this.audit())
    return Object.fromEntries(entries.map(([id, { status, reason }]) => [id, `${status} ${reason}`]))
  }

  async statusCounts(): Promise<Record<string, number>> {
    const rows = await this.sql<{ status: string; count: number }>(
      'SELECT status, CAST(count(*) AS INTEGER) AS count FROM s2s_latest GROUP BY status',
    )
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
  }

  /** Transaction ids in the order in which Adjust counted them. */
  counted(): string[] {
    return this.adjust
      .truth()
      .flatMap(({ counted, transactionId }) => (counted ? (transactionId ?? '?') : []))
  }

  /** Resolves when so many requests have arrived. */
  untilAdjustHas(requestCount: number): Promise<void> {
    return until(() => this.adjust.truth().length >= requestCount, `${requestCount} requests at Adjust`)
  }

  command(...args: string[]): Promise<CliResult> {
    return runCli(args, this.#cliOptions())
  }

  start(...args: string[]) {
    return startCli(args, this.#cliOptions())
  }

  /** `run --json`, which has to end with this exit code. */
  async run(exitCode: number, ...args: string[]): Promise<RunResult> {
    const result = await this.command('run', '--json', ...args)
    expect(result, result.stderr).toMatchObject({ code: exitCode })
    const summary = JSON.parse(result.stdout) as RunSummary
    expect(summary.exit_code).toBe(exitCode)
    return { ...result, summary }
  }

  #cliOptions() {
    return { cwd: this.folder, env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...this.#options.env } }
  }
}

/** A shop that is closed, and its folder removed, when the test ends; `onEnd` says otherwise for several tests of one shop. */
export async function openShop(
  options: ShopOptions = {},
  onEnd: (cleanUp: () => Promise<void>) => void = onTestFinished,
): Promise<Shop> {
  const folder = await emptyFolder()
  onEnd(() => rm(folder, { recursive: true, force: true }))
  const {
    world = {},
    faults = {},
    purchases = [],
    tables = true,
    source = 'SELECT * FROM purchases',
  } = options
  const adjust = await startSimulator({ port: 0, seed: 1, world, faults })
  onEnd(() => adjust.close())
  const shop = new Shop(folder, adjust, options)
  await shop.configure()
  await shop.writeSource(source)
  const types = Object.entries(shop.columnTypes).map(([name, type]) => `${name} ${type}`)
  await shop.sql(`CREATE TABLE purchases (${types.join(', ')})`)
  if (tables) await createTables(shop)
  if (purchases.length > 0) await shop.sell(purchases)
  return shop
}

/** What `init` does to a warehouse, without the time that a process takes. */
async function createTables(shop: Shop): Promise<void> {
  const warehouse = await openDuckdbWarehouse({ path: shop.warehousePath })
  await warehouse.createTables()
  await warehouse.close()
}

/** Resolves when the condition holds; it is asked again every few milliseconds, for at most half a minute. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpAt = systemClock.monotonic() + 30_000
  while (!condition()) {
    if (systemClock.monotonic() > giveUpAt) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => systemClock.after(5, () => resolve(null)))
  }
}
