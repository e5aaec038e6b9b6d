import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { Audit } from './audit/audit.ts'
import { writeMissing } from './audit/recover.ts'
import { RunLog, type RunStart } from './audit/run-log.ts'
import { Tally } from './audit/tally.ts'
import type { Config } from './config.ts'
import { type Clock, systemClock, systemRandom } from './domain/clock.ts'
import { ExpectedError, TerminalError, TransientError } from './domain/errors.ts'
import type { AuditRow } from './domain/settlement.ts'
import { checkContract, extract, loadSource } from './extract/extract.ts'
import { FolderDisk } from './load/disk.ts'
import { HttpTransport } from './load/http-transport.ts'
import { Journal } from './load/journal.ts'
import { leftBehind } from './load/left-behind.ts'
import { Load } from './load/load.ts'
import { runPipeline } from './pipeline.ts'
import { exitCodeOf, type MaxRejected, type RunSummary } from './summary.ts'
import { createTransform, type TransformRules } from './transform/transform.ts'
import { VERSION } from './version.ts'
import { requireTables } from './warehouse/require-tables.ts'
import type { Warehouse } from './warehouse/warehouse.ts'
import { type ResolvedWindow, resolveWindow } from './window.ts'

/** What `run` and `plan` are asked to cover. Instants are epoch milliseconds. */
export interface Selection {
  from: number | null
  to: number | null
  app: string | null
  event: string | null
  limit: number | null
  resend: 'none' | 'failed' | 'all'
}

export interface RunProgress {
  read: number
  settled: number
  waiting: number
  inFlight: number
  rejected: number
  inDoubt: number
  /** Milliseconds for which nothing is sent because Adjust is down or said Retry-After. */
  pauseMs: number
}

export interface RunJob {
  config: Config
  warehouse: Warehouse
  selection: Selection
  maxRejected: MaxRejected
  /** The command line for the log of runs, without secrets. */
  command: string
  /** Asks the run to stop sending, settle what is under way and end. */
  signal: AbortSignal
  clock?: Clock
  /** Called when the window is known, before anything is read. */
  onStart?: (start: {
    runId: string
    window: ResolvedWindow
    recovered: AuditRow[]
    /** Rows before `--from` are not settled: those of devices that this run delivers for become late. */
    leavesEarlier: boolean
  }) => void
  /** Called once with a function that tells how far the run is. */
  onProgress?: (progress: () => RunProgress) => void
}

/** All devices are one shard: `0/1`. */
export const SHARD = '0/1'
/** Events in memory: enough for full parallelism at any concurrency, a few tens of megabytes. */
const WINDOW_EVENTS = 8_192

/** One run: settles what an earlier process left behind, then drives the pipeline over the window and logs how it went. */
export async function runJob(job: RunJob): Promise<RunSummary> {
  const { config, warehouse, clock = systemClock } = job
  const startedAtMs = clock.now()
  const projection = await prepareSource(config, warehouse)
  const { journal, left } = await Journal.open(
    new FolderDisk(config.stateDir),
    `${warehouse.name} shard ${SHARD}`,
  )
  try {
    const recovered = await writeMissing(warehouse, leftBehind(left, clock.now()))
    await journal.acknowledgeLeft()
    const runLog = new RunLog(warehouse)
    const window = await windowOf(job, runLog, startedAtMs)
    const run = describeRun(job, window, startedAtMs)
    await runLog.started(run, startedAtMs)
    const leavesEarlier = await hasUnsettledBefore(job, projection, window, startedAtMs)
    job.onStart?.({ runId: run.runId, window, recovered, leavesEarlier })
    const summary = await deliver(
      { ...job, clock },
      { run, window, projection, journal, recovered: recovered.length },
    )
    const { counts, reasons, requests, retries, duration_s: durationS, exit_code: exitCode } = summary
    await runLog.ended(run, { counts, reasons, requests, retries, durationS, exitCode }, clock.now())
    return summary
  } finally {
    await journal.close()
  }
}

/**
 * The window of a run, from its flags, the settings and the log of runs. Throws a TerminalError when `--to` alone is so early that no
 * row could ever be in it. A late `--from` alone is no fault: its window is empty until the settle time has passed.
 */
export async function windowOf(
  { config, selection }: Pick<RunJob, 'config' | 'selection'>,
  runLog: RunLog,
  nowMs: number,
): Promise<ResolvedWindow> {
  const { from, to } = selection
  const owedFromMs = await runLog.owedFromMs(SHARD, nowMs)
  const window = resolveWindow(selection, config.delivery, owedFromMs, nowMs)
  if (from === null && to !== null && to <= window.fromMs) {
    const [end, limit] = [new Date(to).toISOString(), new Date(window.fromMs).toISOString()]
    throw new TerminalError(`--to ${end} is not after the age limit ${limit}: the window would be empty.`, {
      hint: 'Older rows are not sent. Give --from as well if they are to be settled as expired.',
    })
  }
  return window
}

/** The user's SELECT, checked against the source contract and made ready to be wrapped. */
export async function prepareSource(config: Config, warehouse: Warehouse): Promise<string> {
  await requireTables(warehouse)
  return checkContract(warehouse, await loadSource(config.source))
}

/** Whether rows before the window, young enough to be sent, wait to be settled: a later window may overtake them. */
export async function hasUnsettledBefore(
  job: Pick<RunJob, 'config' | 'warehouse' | 'selection' | 'signal'>,
  projection: string,
  window: ResolvedWindow,
  nowMs: number,
): Promise<boolean> {
  if (window.full || window.fromMs <= window.ageLimitMs) return false
  const before = { ...window, fromMs: window.ageLimitMs, toMs: window.fromMs, full: false }
  const selection = { ...job.selection, limit: 1, resend: 'none' as const }
  for await (const rows of extractFor({ ...job, selection }, projection, before, nowMs)) {
    if (rows.length > 0) return true
  }
  return false
}

export function transformRules(config: Config, resend: Selection['resend']): TransformRules {
  const { adjust, delivery } = config
  const { late, maxAgeDays, inDoubt, inDoubtHoldHours, deviceNotFoundRetryDays } = delivery
  const { environment, timestamp, adid } = adjust
  return {
    environment,
    timestamp,
    adid,
    late,
    maxAgeDays,
    inDoubt,
    inDoubtHoldHours,
    deviceNotFoundRetryDays,
    resend,
  }
}

/** The rows of the window, with what the audit table knows of them. */
export function extractFor(
  { config, warehouse, selection, signal }: Pick<RunJob, 'config' | 'warehouse' | 'selection' | 'signal'>,
  projection: string,
  window: ResolvedWindow,
  nowMs: number,
) {
  const { app, event, limit, resend } = selection
  const { inDoubt, inDoubtHoldHours } = config.delivery
  return extract(warehouse, projection, {
    window,
    ...(app === null ? {} : { app }),
    ...(event === null ? {} : { event }),
    ...(limit === null ? {} : { limit }),
    resend,
    nowMs,
    inDoubtBlocks: { revenue: inDoubt.revenue !== 'skip', other: inDoubt.other !== 'skip' },
    inDoubtHoldHours,
    signal,
  })
}

interface Delivery {
  run: RunStart
  window: ResolvedWindow
  projection: string
  journal: Journal
  recovered: number
}

async function deliver(job: RunJob & { clock: Clock }, delivery: Delivery): Promise<RunSummary> {
  const { config, warehouse, clock, signal } = job
  const { run, window, projection, journal, recovered } = delivery
  const { runId } = run
  const nextAuditId = auditIds(runId)
  const tally = new Tally()
  const transport = new HttpTransport({
    ...config.adjust,
    timeoutMs: config.delivery.timeoutMs,
    userAgent: `adjust-s2s/${VERSION}`,
    clock,
  })
  const startedAt = clock.monotonic()
  const audit: Audit = new Audit({
    warehouse,
    clock,
    tally,
    acknowledge: (segment, requests) => journal.acknowledge(segment, requests),
    onFailure: () => load.stop('run_stopped'),
  })
  const load = new Load(loadRules(config, runId), {
    clock,
    random: systemRandom,
    journal,
    transport,
    tokenFor: (appToken) => config.secrets.forApp(appToken),
    nextAuditId,
    onSettled: (settlement) => audit.settle(settlement),
  })
  const stop = () => load.stop('run_stopped')
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  job.onProgress?.(() => progressOf(tally, load))
  try {
    const { readToEnd } = await runPipeline({
      runId,
      clock,
      nextAuditId,
      extract: () => extractFor(job, projection, window, clock.now()),
      transform: createTransform(transformRules(config, job.selection.resend)),
      load,
      audit,
      tally,
    }).catch((error: unknown) => {
      // A query that was interrupted on our own request has done what it was asked; anything else is a fault all the same.
      if (signal.aborted && error === signal.reason) return { readToEnd: false }
      throw error
    })
    if (audit.failure !== null) throw auditFailed(audit.failure, warehouse.name)
    tally.assertBalanced()
    const durationS = (clock.monotonic() - startedAt) / 1000
    const summary = summarize({
      run,
      tally,
      load,
      readToEnd,
      durationS,
      recovered,
      bytesBilled: warehouse.statistics().bytesBilled,
    })
    return { ...summary, exit_code: exitCodeOf(summary, job.maxRejected) }
  } finally {
    signal.removeEventListener('abort', stop)
    await transport.close()
  }
}

/** Nothing is lost: what was sent stands in the journal, and the next run begins with it. A bug stays a bug. */
function auditFailed(cause: Error, warehouse: string): Error {
  if (!(cause instanceof ExpectedError)) return cause
  return new TransientError(`the audit table in ${warehouse} could not be written: ${cause.message}`, {
    cause,
    hint: 'Delivery stopped. The journal keeps every outcome, and the next run writes them first.',
  })
}

function loadRules(config: Config, runId: string) {
  const { requestsPerSecond, concurrency, maxAttempts, deviceNotFoundRetryDays, inDoubt } = config.delivery
  return {
    runId,
    requestsPerSecond,
    concurrency,
    maxAttempts,
    deviceNotFoundRetryDays,
    inDoubt,
    windowEvents: WINDOW_EVENTS,
    unauthenticated: config.adjust.unauthenticated,
    plainIdentifiers: config.audit.identifiers === 'plain',
  }
}

function summarize(parts: {
  run: RunStart
  tally: Tally
  load: Load
  readToEnd: boolean
  durationS: number
  recovered: number
  bytesBilled: number | null
}): Omit<RunSummary, 'exit_code'> {
  const { run, tally, load, durationS } = parts
  const { requests, retries } = load.progress
  return {
    run_id: run.runId,
    window: { from: new Date(run.fromMs).toISOString(), to: new Date(run.toMs).toISOString() },
    counts: tally.counts,
    reasons: tally.reasons,
    requests,
    retries,
    duration_s: Number(durationS.toFixed(3)),
    rate_per_s: Number((durationS > 0 ? requests / durationS : 0).toFixed(1)),
    bytes_billed: parts.bytesBilled,
    recovered: parts.recovered,
    stopped: load.stopped,
    last_failure: load.lastFailure,
    refused: load.refused,
    read_to_end: parts.readToEnd,
  }
}

function describeRun(job: RunJob, window: ResolvedWindow, startedAtMs: number): RunStart {
  const { app, event, limit } = job.selection
  return {
    runId: newRunId(startedAtMs),
    shard: SHARD,
    command: job.command,
    host: hostname(),
    pid: process.pid,
    version: VERSION,
    fromMs: window.fromMs,
    toMs: window.toMs,
    isFullWindow: window.full && app === null && event === null && limit === null,
    ageLimitMs: window.ageLimitMs,
  }
}

/** Sorts by time and is unique: `20260131T101500Z-5f2c9a`. */
function newRunId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  return `${time}-${randomBytes(3).toString('hex')}`
}

function auditIds(runId: string): () => string {
  let count = 0
  return () => `${runId}/${++count}`
}

function progressOf(tally: Tally, load: Load): RunProgress {
  const { counts } = tally
  const { open, inFlight, pauseMs } = load.progress
  return {
    read: counts.read,
    settled: counts.read - open,
    waiting: open - inFlight,
    inFlight,
    rejected: counts.rejected,
    inDoubt: counts.in_doubt,
    pauseMs,
  }
}
