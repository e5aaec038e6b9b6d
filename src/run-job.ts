import { Audit } from './audit/audit.ts'
import { Claims } from './audit/claims.ts'
import { RunLog, type RunStart } from './audit/run-log.ts'
import { Tally } from './audit/tally.ts'
import type { Config } from './config.ts'
import type { Clock } from './domain/clock.ts'
import { ExpectedError, TransientError } from './domain/errors.ts'
import type { AuditRow } from './domain/settlement.ts'
import { type Shard, shardName, shareOf } from './domain/shard.ts'
import { noTrace, type Trace } from './domain/trace.ts'
import { type Ends, endsAt } from './ends.ts'
import type { IntakeBatch, IntakeRequest } from './intake.ts'
import type { Lease } from './lease/lease.ts'
import { Journal } from './load/journal.ts'
import { Load } from './load/load.ts'
import { type Machine, thisMachine } from './machine.ts'
import { runPipeline } from './pipeline.ts'
import { type LostRun, recover } from './recovery.ts'
import { auditIds } from './run-id.ts'
import {
  estimateFor,
  extractOptions,
  hasUnsettledBefore,
  prepareSource,
  type Scope,
  shardOf,
  transformRules,
  windowOf,
} from './selection.ts'
import { journalFolder, requireRate } from './shard-share.ts'
import { exitCodeOf, type MaxRejected, type RunSummary, summarize } from './summary.ts'
import { underLease } from './under-lease.ts'
import { VERSION } from './version.ts'
import type { QueryEstimate } from './warehouse/warehouse.ts'
import type { ResolvedWindow } from './window.ts'

/** Where a run stands. Counts are of events. */
export interface RunProgress {
  read: number
  /** Settled in whatever way, rejected and in doubt included. */
  settled: number
  /** Read, and neither settled nor in flight. */
  waiting: number
  inFlight: number
  rejected: number
  inDoubt: number
  /** Milliseconds for which nothing is sent because Adjust is down or said Retry-After. */
  pauseMs: number
  /** Rows of the window; null until the warehouse has said how many there are. */
  total: number | null
}

/** `signal` asks the run to stop sending, settle what is under way and end. */
export interface RunJob extends Scope {
  /** Names the run; see `newRunId`. */
  runId: string
  maxRejected: MaxRejected | null
  /** The command line for the log of runs, without secrets. */
  command: string
  /** Where rows come in and go out, if not in this thread. */
  ends?: Ends
  /** Another machine than the real one: for simulations, and for demonstrations of another day. */
  machine?: Machine
  /** Called when the window is known, before anything is read. */
  onStart?: (start: {
    window: ResolvedWindow
    recovered: AuditRow[]
    /** Unfinished runs whose journal is not the one in `state_dir`. */
    lost: LostRun[]
    /** Rows before `--from` are not settled: those of devices that this run delivers for become late. */
    leavesEarlier: boolean
    /** What the query for the window will read. */
    estimate: QueryEstimate
  }) => void
  /** Called if the run loses its lease in the middle: it stops sending. */
  onLeaseLost?: (why: string) => void
  /** Called for each row that is settled, and each attempt that is followed by another; fast, for it is called in between two requests. */
  onSettled?: (row: AuditRow) => void
  /** Spans of the run's parts. */
  trace?: Trace
  /** Called once with a function that tells how far the run is. */
  onProgress?: (progress: () => RunProgress) => void
}

/** Events in memory: enough for full parallelism at any concurrency, a few tens of megabytes. */
const WINDOW_EVENTS = 8_192

/**
 * One run, under the lease of its shard. Throws a TransientError when another run has it, or when the warehouse or the disk fails in
 * the middle.
 */
export async function runJob(job: RunJob): Promise<RunSummary> {
  const { config, warehouse, machine = thisMachine } = job
  const startedAtMs = machine.clock.now()
  const shard = shardOf(job.selection)
  requireRate(config, shard)
  const projection = await prepareSource(config, warehouse, shard)
  const placed = { ...job, machine, shard }
  return underLease(placed, (lease) => runUnderLease(placed, { lease, startedAtMs, projection }))
}

type PlacedJob = RunJob & { machine: Machine; shard: Shard }

interface Beginning {
  lease: Lease
  startedAtMs: number
  projection: string
}

/** Settles what an earlier process left behind, then drives the pipeline over the window and logs how it went. */
async function runUnderLease(job: PlacedJob, beginning: Beginning): Promise<RunSummary> {
  const { config, warehouse, machine, shard } = job
  const { clock } = machine
  const { lease, startedAtMs, projection } = beginning
  const { runId } = job
  const disk = machine.disk(journalFolder(config, shard))
  const owner = `${warehouse.name} shard ${shardName(shard)}`
  const { journal, ...contents } = await Journal.open(disk, owner, runId)
  try {
    const runLog = new RunLog(warehouse)
    const nextAuditId = auditIds(runId)
    const beforeSending = { runId, clock, projection, runLog, journal, contents, nextAuditId }
    const { recovered, lost } = await recover(job, beforeSending)
    const window = await windowOf(job, runLog, startedAtMs)
    const estimate = await estimateFor(job, projection, window, startedAtMs)
    const run = describeRun(job, window, lease.epoch)
    await runLog.started(run, startedAtMs)
    const leavesEarlier = await hasUnsettledBefore(job, projection, window, startedAtMs)
    job.onStart?.({ window, recovered, lost, leavesEarlier, estimate })
    const delivery = {
      run,
      runLog,
      window,
      projection,
      journal,
      lease,
      nextAuditId,
      recovered: recovered.length,
    }
    const summary = await (job.trace ?? noTrace)('deliver', () => deliver(job, delivery))
    if (lease.failure !== null) throw lease.failure
    const { counts, reasons, requests, retries } = summary
    const { duration_s: durationS, bytes_billed: bytesBilled, exit_code: exitCode } = summary
    const end = { counts, reasons, requests, retries, durationS, bytesBilled, exitCode }
    await runLog.ended(run, end, clock.now())
    return summary
  } finally {
    await journal.close({ tidy: lease.isHeld })
  }
}

interface Delivery {
  run: RunStart
  runLog: RunLog
  window: ResolvedWindow
  projection: string
  journal: Journal
  lease: Lease
  nextAuditId: () => string
  recovered: number
}

async function deliver(job: PlacedJob, delivery: Delivery): Promise<RunSummary> {
  const { config, warehouse, machine, signal } = job
  const { clock, random } = machine
  const { run, journal, lease, nextAuditId, recovered } = delivery
  const { runId } = run
  const ends = job.ends ?? endsAt(warehouse, clock)
  const tally = new Tally()
  const transport = machine.transport({
    ...config.adjust,
    timeoutMs: config.delivery.timeoutMs,
    userAgent: `adjust-s2s/${VERSION}`,
  })
  const startedAt = clock.monotonic()
  const audit: Audit = new Audit({
    record: (rows) => ends.record(rows),
    clock,
    tally,
    acknowledge: (segment, requests) => journal.acknowledge(segment, requests),
    onFailure: () => load.stop('run_stopped'),
  })
  const load = new Load(
    { ...loadRules(config, job.shard, runId), sendsFrom: lease.sendsFrom },
    {
      clock,
      random,
      journal,
      isLeaseHeld: () => lease.isHeld,
      transport,
      tokenFor: (appToken) => config.secrets.forApp(appToken),
      nextAuditId,
      onSettled: (settlement) => {
        job.onSettled?.(settlement.row)
        audit.settle(settlement)
      },
    },
  )
  lease.onLost = (why) => {
    load.stop('lease_lost')
    job.onLeaseLost?.(why)
  }
  const stop = () => load.stop('run_stopped')
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let total: number | null = null
  job.onProgress?.(() => ({ ...progressOf(tally, load), total }))
  try {
    const { readToEnd } = await runPipeline({
      runId,
      clock,
      nextAuditId,
      takeIn: () => watched(ends.takeIn(intakeOf(job, delivery), signal), (rows) => (total = rows)),
      claims: claimsOf(delivery, clock),
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

/** The rows of the window, judged by the rules of this run. */
function intakeOf(
  job: PlacedJob,
  { projection, window }: Pick<Delivery, 'projection' | 'window'>,
): IntakeRequest {
  const { config, selection, machine } = job
  const options = extractOptions(job, window, machine.clock.now())
  return { projection, options, rules: transformRules(config, selection) }
}

async function* watched(
  batches: AsyncIterable<IntakeBatch>,
  onTotal: (rows: number) => void,
): AsyncIterable<IntakeBatch> {
  for await (const batch of batches) {
    onTotal(batch.totalRows)
    yield batch
  }
}

/** The journal notes a mark first: a copy of it that knows less than the warehouse is then an older one. */
function claimsOf({ run, runLog, window, journal }: Delivery, clock: Clock): Claims {
  return new Claims({
    windowToMicros: window.toMs * 1000,
    write: async (toMicros) => {
      await journal.claim(toMicros)
      await runLog.claimed(run, toMicros, clock.now())
    },
  })
}

/** Nothing is lost: what was sent stands in the journal, and the next run begins with it. A bug stays a bug. */
function auditFailed(cause: Error, warehouse: string): Error {
  if (!(cause instanceof ExpectedError)) return cause
  return new TransientError(`the audit table in ${warehouse} could not be written: ${cause.message}`, {
    cause,
    hint: 'Delivery stopped. The journal keeps every outcome, and the next run writes them first.',
  })
}

function loadRules(config: Config, shard: Shard, runId: string) {
  const { requestsPerSecond, concurrency, maxAttempts, deviceNotFoundRetryDays, inDoubt } = config.delivery
  return {
    runId,
    requestsPerSecond: shareOf(requestsPerSecond, shard),
    concurrency,
    maxAttempts,
    deviceNotFoundRetryDays,
    inDoubt,
    windowEvents: WINDOW_EVENTS,
    unauthenticated: config.adjust.unauthenticated,
  }
}

function describeRun(job: PlacedJob, window: ResolvedWindow, epoch: number): RunStart {
  const { app, event, limit, resend } = job.selection
  const { host, pid } = job.machine
  return {
    runId: job.runId,
    epoch,
    shard: shardName(job.shard),
    command: job.command,
    host,
    pid,
    version: VERSION,
    fromMs: window.fromMs,
    toMs: window.toMs,
    isFullWindow: window.full && app === null && event === null && limit === null,
    ageLimitMs: window.ageLimitMs,
    app,
    event,
    resend,
  }
}

function progressOf(tally: Tally, load: Load): Omit<RunProgress, 'total'> {
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
