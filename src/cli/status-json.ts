import { ExitCode } from '../domain/exit-code.ts'
import type { OpenLimits } from '../domain/given-up.ts'
import type { LeaseRow } from '../lease/lease-row.ts'
import { givenUpAtMs } from '../monitor/open-rows.ts'
import { millis } from '../warehouse/instants.ts'
import type { QueryValue } from '../warehouse/warehouse.ts'
import { iso, type Row, withInstants } from './query-rows.ts'
import { isSending, leasesJson } from './status-lease.ts'

/** What the warehouse says, at one moment. */
export interface Standing {
  runs: Row[]
  open: Row[]
  leases: LeaseRow[]
  nowMs: number
  /** Whether one process has the warehouse at a time: then none but this one is alive. */
  isExclusive: boolean
}

export type RunState = 'ended' | 'running' | 'died'

/** A run without an end is at work as long as it holds a lease; what it left behind is the next run's to settle. */
export function runState(run: Row, { leases, nowMs, isExclusive }: Standing): RunState {
  if (run.counts !== null) return 'ended'
  const its = leases.filter(({ holder }) => holder === run.run_id)
  return its.some((lease) => isSending(lease, nowMs, isExclusive)) ? 'running' : 'died'
}

export function parsed(json: QueryValue | undefined): unknown {
  return typeof json === 'string' ? JSON.parse(json) : null
}

/** `status --json`: instants as ISO text, numbers as numbers. docs/json.md has the contract. */
export function statusJson(standing: Standing, limits: OpenLimits) {
  const { leases, nowMs, isExclusive, runs, open } = standing
  return {
    leases: leasesJson(leases, nowMs, isExclusive),
    runs: runs.map((run) => runJson(run, runState(run, standing))),
    open: open.map((row) => ({ ...withInstants(row), given_up_at: iso(givenUpAtMs(row, limits)) })),
    exit_code: ExitCode.ok,
  }
}

/** The names of `run --json`, and what the log of runs knows besides. */
function runJson(run: Row, state: RunState) {
  const { run_id, full_window, requests, retries, exit_code, shard, command, host, pid, version } = run
  return {
    run_id,
    state,
    started_at: iso(millis(run.started_at_micros)),
    ended_at: iso(millis(run.ended_at_micros)),
    window: { from: iso(millis(run.window_from_micros)), to: iso(millis(run.window_to_micros)) },
    full_window,
    counts: parsed(run.counts),
    reasons: parsed(run.reasons),
    requests,
    retries,
    duration_s: numberOf(run.duration_s),
    bytes_billed: numberOf(run.bytes_billed),
    exit_code,
    ...{ shard, command, host, pid, version },
  }
}

/** A NUMERIC comes as text. */
function numberOf(value: QueryValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}
