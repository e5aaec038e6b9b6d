import { type Config, loadConfig } from '../../src/config.ts'
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from '../../src/domain/durations.ts'
import type { IDENTIFIERS } from '../../src/domain/event.ts'
import type { World } from '../../src/simulator/world.ts'
import type { Chance } from './chance.ts'
import { type NetworkFaults, REQUEST_FAULTS } from './network.ts'
import type { SourceRecord } from './tables.ts'
import type { WarehouseFaults, WarehouseSettings } from './warehouse.ts'

/** What a seed stands for: the shop, its settings, what Adjust knows, and how often what goes wrong. */
export interface Plan {
  config: Config
  /** What somebody changes the settings to now and then, in what is in doubt; mostly the same. */
  otherConfig: Config
  world: World
  warehouse: WarehouseSettings
  warehouseFaults: WarehouseFaults
  networkFaults: NetworkFaults
  /** Rows, with the number of runs after which each reaches the warehouse. */
  source: { record: SourceRecord; afterRuns: number }[]
  /** Runs while things go wrong. */
  stormyRuns: number
}

export const START_MS = Date.parse('2026-03-01T12:00:00Z')
export const APPS = ['abcdefghijkl', 'mnopqrstuvwx'] as const
/** Adjust knows it and refuses all of its events. */
export const INACTIVE_APP = 'inactive0000'
export const TOKENS = ['tok001', 'tok002', 'tok003'] as const
const UNKNOWN_TOKEN = 'wrong1'
const SECRET = 'secret-of-the-shop'
/** A little before that age the sender stops sending. */
const AGE_LIMIT_MS = 58 * MS_PER_DAY - MS_PER_MINUTE

export async function drawPlan(chance: Chance): Promise<Plan> {
  const stormyRuns = chance.whole(1, 6)
  const devices = drawDevices(chance)
  const config = await drawConfig(chance)
  return {
    stormyRuns,
    config,
    otherConfig: chance.happens(0.2) ? withOtherPolicies(config, chance) : config,
    world: drawWorld(chance, devices),
    warehouse: {
      isExclusive: chance.happens(0.5),
      latencyMs: chance.scaled(1, 900),
      batchRows: chance.scaled(1, 30),
    },
    warehouseFaults: { ...drawRates(chance, ['refused', 'answerLost', 'repeated', 'resultCut'], 0.05) },
    networkFaults: drawRates(chance, REQUEST_FAULTS, 0.25),
    source: drawSource(chance, devices, stormyRuns),
  }
}

/** Some kinds never, some now and then, together at most so often. */
function drawRates<Kind extends string>(
  chance: Chance,
  kinds: readonly Kind[],
  most: number,
): Record<Kind, number> {
  const total = chance.happens(0.2) ? 0 : chance.between(0, most)
  const weights = kinds.map(() => (chance.happens(0.5) ? chance.random() : 0))
  const sum = weights.reduce((all, weight) => all + weight, 0) || 1
  return Object.fromEntries(kinds.map((kind, index) => [kind, (total * weights[index]!) / sum])) as Record<
    Kind,
    number
  >
}

const drawPolicy = (chance: Chance) => chance.pick(['hold', 'hold', 'skip', 'resend'] as const)

function withOtherPolicies(config: Config, chance: Chance): Config {
  const inDoubt = { revenue: drawPolicy(chance), other: drawPolicy(chance) }
  return { ...config, delivery: { ...config.delivery, inDoubt } }
}

function drawConfig(chance: Chance): Promise<Config> {
  const settings: Record<string, string | number> = {
    WAREHOUSE_TYPE: 'duckdb',
    WAREHOUSE_PATH: '/nowhere/simulated.duckdb',
    SOURCE: new URL('source.sql', import.meta.url).pathname,
    STATE_DIR: '/nowhere/state',
    ADJUST_URL: 'http://127.0.0.1:9',
    ADJUST_UNAUTHENTICATED: chance.pick(['stop', 'allow']),
    DELIVERY_REQUESTS_PER_SECOND: chance.scaled(1, 60),
    DELIVERY_CONCURRENCY: chance.scaled(1, 12),
    DELIVERY_TIMEOUT_MS: chance.scaled(500, 20_000),
    DELIVERY_IN_DOUBT_REVENUE: drawPolicy(chance),
    DELIVERY_IN_DOUBT_OTHER: drawPolicy(chance),
    DELIVERY_MAX_ATTEMPTS: chance.whole(1, 5),
  }
  const env = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`ADJUST_S2S_${name}`, String(value)]),
  )
  // Now and then the shop has forgotten its token, or has a wrong one.
  if (!chance.happens(0.04)) env.ADJUST_S2S_TOKEN = chance.happens(0.04) ? 'a-wrong-one' : SECRET
  return loadConfig({ env, workingDirectory: '/' })
}

type Device = Partial<Record<(typeof IDENTIFIERS)[number], string>>

/** One to three identifiers each; a shop may know its devices by a name of its own. */
function drawDevices(chance: Chance): Device[] {
  const count = chance.scaled(1, 8)
  const hasDeviceIds = chance.happens(0.2)
  return Array.from({ length: count }, (_, number) => {
    const device: Device = {}
    const kinds = ['gps_adid', 'adid', 'idfa'] as const
    const identifiers = chance.whole(1, 3)
    for (const [index, kind] of kinds.entries())
      if (index < identifiers) device[kind] = identifierOf(kind, number)
    if (hasDeviceIds) device.device_id = `device-${number}`
    return device
  })
}

function identifierOf(kind: string, number: number): string {
  if (kind === 'adid') return `a${String(number).padStart(31, '0')}`
  const uuid = `3f2b1c4d-0000-4000-8000-${String(number).padStart(12, '0')}`
  return kind === 'idfa' ? uuid.toUpperCase() : uuid
}

function drawWorld(chance: Chance, devices: readonly Device[]): World {
  const listed: NonNullable<World['devices']> = {}
  for (const { gps_adid: value } of devices) {
    if (value === undefined || !chance.happens(0.15)) continue
    listed[value] = chance.pick([
      { known: { after_seconds: chance.scaled(60, 100_000) } },
      { known: false },
      { opted_out: { after_requests: chance.whole(0, 5) } },
    ])
  }
  const app = {
    secret: SECRET,
    security: chance.pick(['off', 'active'] as const),
    any_event_token: false,
    event_tokens: Object.fromEntries(TOKENS.map((token) => [token, { unique: chance.happens(0.05) }])),
  }
  return {
    any_app: false,
    apps: {
      [APPS[0]]: app,
      [APPS[1]]: app,
      [INACTIVE_APP]: { ...app, status: 'inactive' },
    },
    devices: listed,
  }
}

function drawSource(chance: Chance, devices: readonly Device[], runs: number): Plan['source'] {
  const count = chance.scaled(2, 40)
  const hasAliases = chance.happens(0.5)
  const hasFlaws = chance.happens(0.2)
  const hasAged = chance.happens(0.3)
  const app = chance.pick(APPS)
  return Array.from({ length: count }, (_, number) => {
    const device = chance.pick(devices)
    const hasRevenue = chance.happens(0.6)
    const afterRuns = chance.happens(0.5) ? 0 : chance.whole(0, runs)
    const record: SourceRecord = {
      ...EMPTY,
      ...(hasAliases ? someOf(device, chance) : device),
      transaction_id: `t${String(number).padStart(3, '0')}`,
      occurred_at_micros: drawInstantMs(chance, hasAged) * 1000,
      app_token: chance.happens(0.9) ? app : chance.pick(APPS),
      event_token: chance.pick(TOKENS),
      revenue: hasRevenue ? '9.99' : null,
      currency: hasRevenue ? 'EUR' : null,
    }
    return { record: hasFlaws && chance.happens(0.2) ? flawed(record, number, chance) : record, afterRuns }
  })
}

/** At least one identifier that is sent; `device_id` always. */
function someOf(device: Device, chance: Chance): Device {
  const kinds = (Object.keys(device) as (keyof Device)[]).filter((kind) => kind !== 'device_id')
  const kept = kinds.filter(() => chance.happens(0.6))
  const some = kept.length === 0 ? [chance.pick(kinds)] : kept
  const chosen = Object.fromEntries(some.map((kind) => [kind, device[kind]])) as Device
  return device.device_id === undefined ? chosen : { ...chosen, device_id: device.device_id }
}

/** Whole minutes, so that some are equal; where rows age, some reach the limit while the run goes on. */
function drawInstantMs(chance: Chance, hasAged: boolean): number {
  if (hasAged && chance.happens(0.3)) {
    const leftMs = chance.happens(0.7)
      ? chance.scaled(300, 5 * MS_PER_MINUTE)
      : chance.scaled(1_000, 3 * MS_PER_HOUR)
    return START_MS - AGE_LIMIT_MS + leftMs
  }
  return START_MS - chance.whole(1, 180) * MS_PER_MINUTE
}

/** Rows that sources have: copies, other kinds, what cannot be sent. */
function flawed(record: SourceRecord, number: number, chance: Chance): SourceRecord {
  const copyOf = `t${String(chance.whole(0, number)).padStart(3, '0')}`
  const session = { kind: 'session', revenue: null, currency: null }
  const adRevenue = {
    kind: 'ad_revenue',
    revenue: '0.5',
    currency: 'EUR',
    parameters: '{"ad_impressions_count":"1"}',
  }
  const change: Partial<SourceRecord> = chance.pick([
    { transaction_id: copyOf },
    { revenue: '-1', currency: 'EUR' },
    { app_token: INACTIVE_APP },
    { event_token: UNKNOWN_TOKEN },
    session,
    adRevenue,
    { occurred_at_micros: null },
    { transaction_id: null },
  ])
  return { ...record, ...change }
}

const EMPTY: SourceRecord = {
  transaction_id: null,
  occurred_at_micros: null,
  kind: null,
  app_token: null,
  event_token: null,
  adid: null,
  idfa: null,
  idfv: null,
  gps_adid: null,
  android_id: null,
  fire_adid: null,
  oaid: null,
  web_uuid: null,
  external_device_id: null,
  device_id: null,
  revenue: null,
  currency: null,
  ip_address: null,
  user_agent: null,
  os_name: null,
  callback_params: null,
  partner_params: null,
  parameters: null,
  environment: null,
}
