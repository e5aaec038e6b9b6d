import type { Config } from './config.ts'
import { judgeClock, type ServerClock } from './doctor/clock-skew.ts'
import { examine, type Finding, type Outcome, type Seen } from './doctor/finding.ts'
import { examineProbe } from './doctor/probe.ts'
import { type Reached, reach } from './doctor/reach.ts'
import { checkColumns, checkQuerySize, checkSample, checkSourceFile } from './doctor/source.ts'
import { checkStateDirectory } from './doctor/state-directory.ts'
import { sendTestEvent } from './doctor/test-event.ts'
import { type Clock, systemClock } from './domain/clock.ts'
import { ExpectedError } from './domain/errors.ts'
import type { SourceRow } from './domain/event.ts'
import type { Probe, WarehouseAdmin } from './warehouse/warehouse.ts'

export { exitCodeOf, type Finding } from './doctor/finding.ts'

export interface DoctorJob {
  loadConfig: () => Promise<Config>
  /** Opens it for writing. */
  openWarehouse: (config: Config) => Promise<WarehouseAdmin>
  /** Has Adjust try the authentication token with one event in its sandbox; otherwise nothing is sent. */
  sendTestEvent: boolean
  clock?: Clock
}

type Checks<T = void> = AsyncGenerator<Finding, T>

/** Tries, one after the other, what a run needs. It changes nothing, and no check throws: what fails is a finding. */
export async function* doctorJob(job: DoctorJob): Checks {
  const { clock = systemClock } = job
  const config = yield* look(examine('configuration', [], () => readConfig(job)))
  yield* look(examine('state directory', [config], ({ stateDir }) => checkStateDirectory(stateDir, clock)))
  const adjust = yield* look(examine('Adjust', [config], (settings) => reachAdjust(settings, clock)))
  yield* look(examine('clock', [config], (settings) => compareClocks(settings, adjust, clock)))
  const warehouse = await examine('warehouse', [config], (settings) => open(job, settings))
  // Only where opening it proves something; the others answer to the first probe.
  if (warehouse.value === null || warehouse.value.isExclusive) yield warehouse.finding
  try {
    const sample = yield* checkSource(config, warehouse, clock)
    yield* look(examine('token', [config], async (settings) => seeToken(settings, sample.value)))
    yield* look(
      job.sendTestEvent
        ? examine('test event', [config, adjust, sample], (settings, _, row) =>
            tryToken(settings, row, clock),
          )
        : examine('test event', [config], notAsked),
    )
  } finally {
    await warehouse.value?.close()
  }
}

async function* look<T>(outcome: Promise<Outcome<T>>): Checks<Outcome<T>> {
  const { finding } = await outcome
  yield finding
  return outcome
}

async function readConfig({ loadConfig }: DoctorJob): Promise<Seen<Config>> {
  const config = await loadConfig()
  const { url, environment } = config.adjust
  return {
    detail: `${config.configFile ?? 'the environment'}; sends to ${url} as ${environment}`,
    value: config,
  }
}

async function reachAdjust({ adjust, delivery }: Config, clock: Clock): Promise<Seen<Reached>> {
  const reached = await reach(`${adjust.url}/`, clock, delivery.timeoutMs)
  const { status, latencyMs } = reached
  const detail = `${adjust.url} answers in ${latencyMs.toFixed(0)} ms, connecting included`
  if (status < 300 || (status >= 400 && status < 500)) return { detail, value: reached }
  const mend =
    status < 400
      ? 'It sends elsewhere: adjust.url is not where Adjust takes events.'
      : 'Adjust, or something before it, is out of order: try again later.'
  return { detail: `${detail}, but with ${status}`, value: reached, mend }
}

/** Google's clock, too, where it is asked: one server alone may be wrong, or not be reached. */
async function compareClocks(config: Config, adjust: Outcome<Reached>, clock: Clock): Promise<Seen<null>> {
  const { warehouse, delivery } = config
  const google =
    warehouse.type === 'bigquery'
      ? await reach(`${warehouse.apiEndpoint}/`, clock, delivery.timeoutMs).catch(noClock)
      : null
  const clocks = [
    { server: 'Adjust', aheadMs: adjust.value?.aheadMs ?? null },
    { server: 'Google', aheadMs: google?.aheadMs ?? null },
  ]
  return judgeClock(clocks.filter((one): one is ServerClock => one.aheadMs !== null))
}

/** That it cannot be reached is for the probes of the warehouse to say. */
function noClock(error: unknown): null {
  if (error instanceof ExpectedError) return null
  throw error
}

async function open({ openWarehouse }: DoctorJob, config: Config): Promise<Seen<WarehouseAdmin>> {
  const warehouse = await openWarehouse(config)
  return { detail: `${warehouse.name} is open for writing, and no other process has it`, value: warehouse }
}

/** The warehouse by its probes, then the source, which is read as a run would read it. */
async function* checkSource(
  config: Outcome<Config>,
  warehouse: Outcome<WarehouseAdmin>,
  clock: Clock,
): Checks<Outcome<SourceRow | null>> {
  const probes = (await warehouse.value?.probes()) ?? []
  const outcomes = new Map<string, Outcome<null>>()
  for (const probe of probes)
    outcomes.set(probe.name, yield* look(examineProbe(probe, needsOf(probe, outcomes), clock)))
  const neededFor = (step: Probe['neededFor']) =>
    probes.flatMap((probe) => (probe.neededFor === step ? [outcomes.get(probe.name)!] : []))

  const file = yield* look(examine('source file', [config], checkSourceFile))
  const columnsNeed = [config, warehouse, file, ...neededFor('contract')] as const
  const reader = yield* look(
    examine('source columns', columnsNeed, (settings, opened, select) =>
      checkColumns({ config: settings, warehouse: opened, clock }, select),
    ),
  )
  const size = await examine('query size', [reader, ...neededFor('sample')], checkQuerySize)
  if (config.value?.warehouse.type === 'bigquery' || size.finding.status === 'failed') yield size.finding
  return yield* look(examine('sample row', [reader, size], checkSample))
}

function needsOf({ needs }: Probe, outcomes: ReadonlyMap<string, Outcome<null>>): Outcome<null>[] {
  return needs.map((name) => outcomes.get(name)!)
}

async function seeToken({ secrets, adjust }: Config, sample: SourceRow | null): Promise<Seen<null>> {
  const appToken = sample?.appToken ?? null
  const app = appToken === null ? '' : ` for app ${appToken}`
  if (appToken === null ? !secrets.isEmpty : secrets.forApp(appToken) !== null)
    return { detail: `one is set${app}`, value: null }
  if (adjust.url.startsWith('http:'))
    return { detail: `none is set${app}, and ${adjust.url} is a simulator`, value: null }
  const mend =
    'Set ADJUST_S2S_TOKEN (or the token file) to the token from the Adjust dashboard: without one Adjust answers 202 or 401, and a run stops at the first of them.'
  return { detail: `none is set${app}`, value: null, mend }
}

async function tryToken(config: Config, row: SourceRow | null, clock: Clock): Promise<Seen<null>> {
  if (row !== null) return sendTestEvent(config, row, clock)
  return { detail: 'there is no row to take an app and an event token from', value: null, isSkipped: true }
}

async function notAsked(): Promise<Seen<null>> {
  const detail = '--send-test-event sends one to the sandbox, and says whether the token is taken'
  return { detail, value: null, isSkipped: true }
}
