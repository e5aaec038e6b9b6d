import type { RunStart } from './audit/run-log.ts'
import type { Tally } from './audit/tally.ts'
import { ExitCode } from './domain/exit-code.ts'
import type { Reason } from './domain/reason.ts'
import type { Counts, ReasonCount } from './domain/settlement.ts'
import type { Load } from './load/load.ts'

/** What `run --json` prints: a documented contract, so names and meanings stay. */
export interface RunSummary {
  run_id: string
  /** ISO instants, half-open. */
  window: { from: string; to: string }
  counts: Counts
  reasons: ReasonCount[]
  requests: number
  retries: number
  duration_s: number
  rate_per_s: number
  bytes_billed: number | null
  /** Rows that an earlier process had left in its journal and that this run wrote first. */
  recovered: number
  /** Why sending ended early; null when it did not. */
  stopped: Reason | null
  /** What the newest request that failed met: no connection, a time-out, an error; null when none did. */
  last_failure: string | null
  /** Apps and event tokens that were refused, with the reason. */
  refused: { name: string; reason: Reason }[]
  /** Whether every row of the window was looked at. */
  read_to_end: boolean
  exit_code: ExitCode
}

/** What a run has come to, but for the exit code that it deserves. */
export function summarize(parts: {
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

/** More rejected or in doubt than this is exit code 3: so many events, or so many percent of those that were read. */
export type MaxRejected = { count: number } | { percent: number }

/** The exit code that a finished run deserves (see `ExitCode`). */
export function exitCodeOf(run: Omit<RunSummary, 'exit_code'>, maxRejected: MaxRejected | null): ExitCode {
  if (run.stopped === 'credentials_refused') return ExitCode.refused
  if (run.stopped !== null && (!run.read_to_end || run.counts.deferred > 0)) return ExitCode.tryAgain
  if (run.refused.some(({ reason }) => reason !== 'rejection_storm')) return ExitCode.refused
  if (run.refused.length > 0 || exceeds(run.counts, maxRejected)) return ExitCode.tooManyRejected
  return ExitCode.ok
}

function exceeds({ read, rejected, in_doubt }: Counts, maxRejected: MaxRejected | null): boolean {
  if (maxRejected === null) return false
  const limit = 'count' in maxRejected ? maxRejected.count : (read * maxRejected.percent) / 100
  return rejected + in_doubt > limit
}
