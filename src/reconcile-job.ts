import { writeRows } from './audit/recover.ts'
import { resolutionRow } from './audit/resolution.ts'
import { RunLog } from './audit/run-log.ts'
import type { Config } from './config.ts'
import { TransientError } from './domain/errors.ts'
import type { AuditRow } from './domain/settlement.ts'
import { Completeness } from './export/completeness.ts'
import type { ExportReader } from './export/export-row.ts'
import { measure, type Quality } from './export/quality.ts'
import { readSentEvents, readSentIds, type SentWindow } from './export/read-sent-events.ts'
import type { SentEvents } from './export/sent-events.ts'
import { UnknownIds } from './export/unknown-ids.ts'
import { type Machine, thisMachine } from './machine.ts'
import {
  type Finding,
  findingOf,
  isWithin,
  momentOf,
  readAllDoubts,
  sentEventOf,
  verdictOf,
  windowOf,
} from './reconcile-doubts.ts'
import { auditIds } from './run-id.ts'
import { requireHeld, underLease } from './under-lease.ts'
import { requireTables } from './warehouse/require-tables.ts'
import type { Warehouse } from './warehouse/warehouse.ts'

export interface ReconcileJob {
  config: Config
  warehouse: Warehouse
  /** Names this reconciliation in the audit table; see `newRunId`. */
  runId: string
  export: ExportReader
  /** By when events were sent, half-open, epoch milliseconds; null for the default: see `windowOf`. */
  from: number | null
  to: number | null
  /** Writes nothing, and needs no lease. */
  dryRun: boolean
  signal: AbortSignal
  machine?: Pick<Machine, 'clock' | 'host' | 'pid'>
}

export interface ExportStatistics {
  names: string[]
  rows: number
  /** Rows with a transaction id: the rest is of other senders. */
  rowsWithId: number
  /** Rows with one of our ids under another app or event token. */
  foreignRows: number
  /** By the export's own time, epoch milliseconds; null where it has none. */
  fromMs: number | null
  toMs: number | null
}

export interface Reconciliation {
  runId: string
  window: SentWindow
  export: ExportStatistics
  findings: Finding[]
  quality: Quality
  unknown: { count: number; isExact: boolean; examples: string[] }
  /** Runs that ended early: what they had in flight is not in the audit table until the next run. */
  unfinishedRuns: string[]
  isWritten: boolean
}

/**
 * Holds the audit table against a raw data export of Adjust's, and writes what that shows of events whose outcome is unknown: found is
 * delivered, and absent is open to be sent where the export is proven complete (see `Completeness`). Everything else is only measured.
 * It holds the lease all the while, so that no run sends what is judged; it may be repeated, and with more of the export may say more.
 *
 * Throws a TransientError when a run holds the lease, a TerminalError when the export cannot be read or the window is too large.
 */
export async function reconcileJob(job: ReconcileJob): Promise<Reconciliation> {
  const { warehouse, signal, dryRun, machine = thisMachine } = job
  const { clock } = machine
  await requireTables(warehouse)
  if (dryRun) return { ...(await compare(job, clock.now())), isWritten: false }
  return underLease({ ...job, machine }, async (lease) => {
    const reconciliation = await compare(job, clock.now())
    await writeRows(warehouse, resolutionRows(reconciliation, clock.now()), () => {
      signal.throwIfAborted()
      requireHeld(lease, leaseLost)
    })
    return { ...reconciliation, isWritten: true }
  })
}

async function compare(job: ReconcileJob, nowMs: number): Promise<Omit<Reconciliation, 'isWritten'>> {
  const { warehouse, runId, signal } = job
  const unfinished = await new RunLog(warehouse).unfinished()
  const allDoubts = await readAllDoubts(warehouse, nowMs)
  const window = windowOf(job, allDoubts, nowMs)
  const doubts = allDoubts.filter((doubt) => isWithin(window, doubt))
  const { events, firstRequests } = await readSentEvents(warehouse, window, doubts.map(sentEventOf), signal)
  const { statistics, unknown } = await match(job, events, nowMs)
  const completeness = new Completeness(events)
  const findings = doubts.map((doubt, index) => {
    const moment = momentOf(doubt, firstRequests.get(doubt.transactionId))
    const verdict = verdictOf({ index, ...moment }, events, completeness, nowMs)
    return findingOf(doubt, index, verdict, events, job.export.names)
  })
  const quality = measure(events, (index) => index < doubts.length)
  return {
    runId,
    window,
    export: statistics,
    findings,
    quality,
    unknown,
    unfinishedRuns: unfinished.map((run) => run.runId),
  }
}

/** Reads the export to its end. */
async function match({ warehouse, export: reader, signal }: ReconcileJob, events: SentEvents, nowMs: number) {
  const statistics: ExportStatistics = {
    names: reader.names,
    rows: 0,
    rowsWithId: 0,
    foreignRows: 0,
    fromMs: null,
    toMs: null,
  }
  const unknown = new UnknownIds()
  for await (const rows of reader.read()) {
    signal.throwIfAborted()
    for (const row of rows) {
      statistics.rows++
      if (row.atMs !== null) {
        statistics.fromMs = Math.min(statistics.fromMs ?? row.atMs, row.atMs)
        statistics.toMs = Math.max(statistics.toMs ?? row.atMs, row.atMs)
      }
      if (row.transactionId === '') continue
      statistics.rowsWithId++
      const found = events.match(row)
      if (found === 'foreign') statistics.foreignRows++
      else if (found === 'unknown') unknown.add(row.transactionId)
    }
  }
  if (!unknown.isEmpty) await removeOurs(unknown, warehouse, nowMs, signal)
  const { count, isExact, examples } = unknown
  return { statistics, unknown: { count, isExact, examples } }
}

async function removeOurs(
  unknown: UnknownIds,
  warehouse: Warehouse,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  for await (const ids of readSentIds(warehouse, nowMs, signal)) for (const id of ids) unknown.remove(id)
}

function resolutionRows({ runId, findings }: Omit<Reconciliation, 'isWritten'>, nowMs: number): AuditRow[] {
  const nextAuditId = auditIds(runId)
  return findings.flatMap(({ doubt, resolution }) =>
    resolution === null ? [] : [resolutionRow(doubt, resolution, { runId, auditId: nextAuditId(), nowMs })],
  )
}

function leaseLost(): TransientError {
  return new TransientError('the lease was lost while the export was read: a run may have begun', {
    hint: 'A part may be written, and all of it is sound. Run the same command again.',
  })
}
