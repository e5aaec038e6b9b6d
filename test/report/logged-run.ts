import { RunLog, type RunStart } from '../../src/audit/run-log.ts'
import { type AuditRow, type Counts, STATUSES, type Status } from '../../src/domain/settlement.ts'
import { chooseRun } from '../../src/report/choose-run.ts'
import { gatherReport, type ReportRequest } from '../../src/report/report.ts'
import type { Report } from '../../src/report/report-data.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { auditRow } from '../warehouse/audit-row.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** When the run of a test starts; its window is the 58 days before. */
export const START = Date.parse('2026-03-01T12:00:00Z')
export const RUN = '20260301T120000Z-aaaaaa'

export type Row = Partial<AuditRow> & { transactionId: string }

export interface LoggedRun {
  runId?: string
  rows?: Row[]
  /** What the run counted; null for one that never ended. By default what its rows say. */
  counts?: Partial<Counts> | null
  start?: Partial<RunStart>
  startedAtMs?: number
  exitCode?: number
  durationS?: number
  claimedToMs?: number
}

/** Writes a run into the log of runs and the audit table, as the program itself does. */
export async function logRun(warehouse: Warehouse, run: LoggedRun = {}): Promise<void> {
  const { runId = RUN, rows = [], startedAtMs = START, durationS = 60, claimedToMs } = run
  const log = new RunLog(warehouse)
  const start: RunStart = { ...runStart(runId, startedAtMs), ...run.start }
  await log.started(start, startedAtMs)
  if (claimedToMs !== undefined) await log.claimed(start, claimedToMs * 1000, startedAtMs + 1)
  await addRows(
    warehouse,
    rows.map((row) => ({ runId, ...row })),
  )
  if (run.counts === null) return
  const counts = { ...countsOf(rows), ...run.counts }
  const end = {
    counts,
    reasons: reasonsOf(rows),
    requests: rows.length,
    retries: 0,
    durationS,
    bytesBilled: null,
  }
  await log.ended(start, { ...end, exitCode: run.exitCode ?? 0 }, startedAtMs + durationS * SECOND)
}

/** An event of an hour before the run, sent and answered in its first second, unless the test says otherwise. */
export async function addRows(warehouse: Warehouse, rows: Row[]): Promise<void> {
  const timed = rows.map((row) => ({
    occurredAtMicros: (START - HOUR) * 1000,
    sentAtMs: START + 100,
    settledAtMs: START + 150,
    latencyMs: 50,
    ...row,
  }))
  if (timed.length > 0)
    await warehouse.append(
      's2s_audit',
      timed.map((row) => auditTableRow(auditRow(row))),
    )
}

function runStart(runId: string, startedAtMs: number): RunStart {
  const day = { fromMs: startedAtMs - 58 * DAY, toMs: startedAtMs - 15 * MINUTE }
  const window = { ...day, isFullWindow: true, ageLimitMs: day.fromMs }
  const process = { command: 'adjust-s2s run', host: 'worker-1', pid: 7, version: '0.1.0', epoch: 1 }
  return { runId, shard: '0/1', ...process, ...window, app: null, event: null, resend: 'none' }
}

export function countsOf(rows: readonly Row[]): Counts {
  const settled = rows.filter(({ status = 'delivered' }) => status !== 'retried')
  const count = (status: Status) => settled.filter((row) => (row.status ?? 'delivered') === status).length
  const counts = STATUSES.map((status) => [status, count(status)])
  return Object.fromEntries([['read', settled.length], ...counts]) as Counts
}

function reasonsOf(rows: readonly Row[]) {
  const settled = rows.filter(({ status = 'delivered' }) => status !== 'retried')
  const groups = Map.groupBy(settled, ({ status = 'delivered', reason = 'ok' }) => `${status} ${reason}`)
  return [...groups.values()].map((group) => {
    const { status = 'delivered', reason = 'ok', transactionId } = group[0]!
    return { status: status as Status, reason, count: group.length, example: transactionId }
  })
}

export const LIMITS = { requestsPerSecond: 50, maxAgeDays: 58, inDoubtHoldHours: 24 }

/** The report of a run; two minutes after its start, when it has ended. */
export async function reportOf(
  warehouse: Warehouse,
  request: Partial<ReportRequest> & { runId?: string | null } = {},
): Promise<Report> {
  const { runId = RUN, ...others } = request
  const run = await chooseRun(warehouse, runId)
  const defaults = { warehouse, run, limits: LIMITS, isSending: () => false, nowMs: START + 2 * MINUTE }
  return gatherReport({ ...defaults, ...others })
}
