import type { Counts, ReasonCount } from '../domain/settlement.ts'
import { fullName, METRIC_NAMES, METRICS, type MetricName } from './metrics.ts'
import type { OpenRows } from './open-rows.ts'

export interface Sample {
  labels: Record<string, string>
  value: number
}

/** What is known of a run when it has ended. null stands for what nobody knows. Instants are epoch milliseconds. */
export interface EndedRun {
  shard: string
  version: string
  startedAtMs: number
  endedAtMs: number
  durationS: number
  exitCode: number
  /** Another process was at work, so this one did nothing. */
  isSkipped: boolean
  isLeaseLost: boolean
  /** Only `read`, where a run ended with an error. */
  counts: Partial<Counts> | null
  /** The rest is of runs that ended by themselves alone. */
  summary: {
    reasons: readonly ReasonCount[]
    requests: number
    retries: number
    recovered: number
    stopped: string | null
    refused: readonly { reason: string }[]
  } | null
  billedBytes: number | null
  /** Of deliveries, in seconds, by percentile (`delivery-lag.ts`); empty when there were none. */
  lag: readonly Sample[]
  open: OpenRows | null
}

/** What is known, by metric. */
export type Samples = Map<MetricName, Sample[]>

/** The metrics of a run. */
export function measure(facts: EndedRun): Samples {
  const { exitCode, counts, summary, open, billedBytes } = facts
  const end = facts.endedAtMs / 1000
  const samples: Samples = new Map([
    ['last_run_start_timestamp_seconds', plain(facts.startedAtMs / 1000)],
    ['last_run_end_timestamp_seconds', plain(end)],
    ['last_run_duration_seconds', plain(facts.durationS)],
    ['last_run_exit_code', plain(exitCode)],
    ['last_run_skipped', plain(Number(facts.isSkipped))],
    ['last_run_lease_lost', plain(Number(facts.isLeaseLost))],
    ['last_run_delivery_lag_seconds', [...facts.lag]],
    ['build_info', [{ labels: { version: facts.version }, value: 1 }]],
  ])
  if (exitCode === 0) samples.set('last_success_timestamp_seconds', plain(end))
  if (billedBytes !== null) samples.set('last_run_billed_bytes', plain(billedBytes))
  for (const part of [rowSamples(counts), runSamples(summary), openSamples(open, facts.endedAtMs)])
    for (const [name, values] of part) samples.set(name, values)
  return samples
}

const plain = (value: number): Sample[] => [{ labels: {}, value }]

const labelled = (label: string, values: Record<string, number>): Sample[] =>
  Object.entries(values).map(([text, value]) => ({ labels: { [label]: text }, value }))

function rowSamples(counts: Partial<Counts> | null): Samples {
  if (counts === null) return new Map()
  const { read, ...statuses } = counts
  return new Map([
    ['last_run_rows', labelled('status', statuses)],
    ...(read === undefined ? [] : [['last_run_rows_read', plain(read)] as const]),
  ])
}

function runSamples(summary: EndedRun['summary']): Samples {
  if (summary === null) return new Map()
  const { reasons, requests, retries, recovered, stopped, refused } = summary
  const refusals = Object.groupBy(refused, ({ reason }) => reason)
  return new Map([
    [
      'last_run_reason_rows',
      reasons.map(({ status, reason, count }) => ({ labels: { status, reason }, value: count })),
    ],
    ['last_run_requests', plain(requests)],
    ['last_run_retries', plain(retries)],
    ['last_run_recovered_rows', plain(recovered)],
    ['last_run_stopped', stopped === null ? [] : labelled('reason', { [stopped]: 1 })],
    [
      'last_run_refused_tokens',
      Object.entries(refusals).map(([reason, found = []]) => ({ labels: { reason }, value: found.length })),
    ],
  ])
}

function openSamples(open: OpenRows | null, nowMs: number): Samples {
  if (open === null) return new Map()
  const { counts, oldestOccurredAtMs, givenUpAtMs } = open
  const known = Object.entries(givenUpAtMs).filter((entry): entry is [string, number] => entry[1] !== null)
  const expiries = Object.fromEntries(known.map(([status, ms]) => [status, ms / 1000]))
  const ageMs = oldestOccurredAtMs === null ? 0 : nowMs - oldestOccurredAtMs
  return new Map([
    ['open_rows', labelled('status', counts)],
    ['oldest_open_age_seconds', plain(ageMs / 1000)],
    ['oldest_open_expiry_timestamp_seconds', labelled('status', expiries)],
  ])
}

/** `adjust_s2s_last_run_requests`, its help and its labels, for those who list them. */
export function describeMetrics(): { name: string; help: string; labels: readonly string[] }[] {
  return METRIC_NAMES.map((name) => ({ name: fullName(name), ...METRICS[name] }))
}
