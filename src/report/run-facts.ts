import { exitMeaning } from '../domain/exit-meaning.ts'
import type { Report, RunFacts, RunState } from './report-data.ts'
import type { RunRecord } from './run-record.ts'

/** How a run ended that could not log it; only the process itself knows. */
export interface Failure {
  message: string
  hint: string | null
  exitCode: number
}

/** How far the run came. `isSending`: it has the lease, and may be alive. */
export function stateOf(run: RunRecord, isSending: boolean, failure: Failure | null = null): RunState {
  if (run.endedAtMs !== null) return 'ended'
  if (failure !== null) return 'failed'
  if (run.recoveredAtMs !== null) return 'recovered'
  if (run.lostAtMs !== null) return 'lost'
  return isSending ? 'running' : 'died'
}

/** What the log of runs says of the run, with what is made of it. `lastSettledAtMs` is of its newest audit row. */
export function runFacts(
  run: RunRecord,
  state: RunState,
  failure: Failure | null,
  lastSettledAtMs: number | null,
): RunFacts {
  const exitCode = run.exitCode ?? (state === 'failed' ? failure!.exitCode : null)
  const { app: app_token, event: event_token, resend, shard, command, version, host, pid } = run
  return {
    run_id: run.runId,
    state,
    state_meaning: meaningOf(run, state),
    command,
    started_at: iso(run.startedAtMs),
    last_seen_at: isoOrNull(run.endedAtMs ?? lastSettledAtMs),
    ended_at: isoOrNull(run.endedAtMs),
    window: { from: isoOrNull(run.windowFromMs), to: isoOrNull(run.windowToMs) },
    ...{ app_token, event_token, resend },
    exit_code: exitCode,
    exit_meaning: exitCode === null ? null : exitMeaning(exitCode),
    error: state === 'failed' ? failure!.message : null,
    duration_s: run.durationS,
    requests: run.requests,
    retries: run.retries,
    bytes_billed: run.bytesBilled,
    ...{ version, host, pid, shard },
    claimed_to: isoOrNull(run.claimedToMs),
  }
}

function meaningOf({ claimedToMs }: RunRecord, state: RunState): string {
  const sent = claimedToMs === null ? ' It had not begun to send.' : ''
  switch (state) {
    case 'ended':
      return 'The run ended and said how.'
    case 'failed':
      return 'The run stopped with an error; the next one settles what it left.'
    case 'running':
      return 'The run has not ended, and holds the lease: it is at work, or died a few minutes ago.'
    case 'died':
      return `The run did not end: its process died, or could not write.${sent || ' The next run settles what it left.'}`
    case 'recovered':
      return 'The run did not end. A later run found its journal and settled what it had left.'
    case 'lost':
      return 'The run did not end, and its journal was gone: a later run put in doubt what it may have sent.'
  }
}

/** The log entry of a run in a list. */
export function pastRun(run: RunRecord, state: RunState): Report['history'][number] {
  return {
    run_id: run.runId,
    state,
    started_at: iso(run.startedAtMs),
    duration_s: run.durationS,
    read: run.counts?.read ?? null,
    delivered: run.counts?.delivered ?? null,
    exit_code: run.exitCode,
  }
}

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms)
}
