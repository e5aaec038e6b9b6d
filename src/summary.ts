import { ExitCode } from './domain/exit-code.ts'
import type { Reason } from './domain/reason.ts'
import type { Counts, ReasonCount } from './domain/settlement.ts'

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
