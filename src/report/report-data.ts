import type { Status } from '../domain/settlement.ts'

/** How far the run came, as far as anybody knows. */
export type RunState = 'ended' | 'failed' | 'running' | 'died' | 'recovered' | 'lost'

/**
 * Everything that the page shows, and what `report --json` prints: a documented contract (docs/report.md), so names and meanings stay.
 * Instants are ISO text in UTC, amounts exact decimal text, and what is not known is null.
 */
export interface Report {
  generated_at: string
  /** Version of the program that made the report. */
  generated_by: string
  run: RunFacts
  headline: Headline
  counts: ReportCounts
  reasons: OutcomeOfReason[]
  tokens: OutcomeOfToken[]
  /** Events of groups that are not in `tokens`, for there are too many. */
  tokens_left_out: number
  /** Requests that were followed by another, by reason. */
  repeats: { reason: string; meaning: string; requests: number }[]
  revenue: Revenue[]
  sending: Sending | null
  /** Milliseconds from a request to its answer; null when nothing was answered. */
  answer_time_ms: Distribution | null
  /** Seconds from `occurred_at` to Adjust's answer, of what was delivered. */
  delivery_lag_s: Distribution | null
  open: Open
  /** The runs of the same shard up to this one, the oldest first. */
  history: PastRun[]
  /** Runs of the shard that started after this one. */
  newer_runs: { run_id: string; started_at: string; state: RunState }[]
}

export interface RunFacts {
  run_id: string
  state: RunState
  /** A sentence. */
  state_meaning: string
  command: string | null
  started_at: string
  /** When it ended; of one that did not, when it last sent something or had an answer. */
  last_seen_at: string | null
  ended_at: string | null
  /** Half-open. */
  window: { from: string | null; to: string | null }
  app_token: string | null
  event_token: string | null
  resend: string | null
  exit_code: number | null
  exit_meaning: string | null
  /** What ended a run that failed. */
  error: string | null
  duration_s: number | null
  requests: number | null
  retries: number | null
  bytes_billed: number | null
  version: string | null
  host: string | null
  pid: number | null
  shard: string
  /** It sent no event with a later `occurred_at`. */
  claimed_to: string | null
}

export type Level = 'good' | 'attention' | 'bad'

export interface Headline {
  level: Level
  sentence: string
  /** The most urgent first; `command` goes behind `adjust-s2s`. */
  next: { command: string | null; why: string }[]
}

export interface ReportCounts extends Record<Status, number> {
  /** null when the run never said how many rows it had read. */
  read: number | null
  /** Whether the ten statuses add up to `read`; null when that is not known. */
  adds_up: boolean | null
  /** `run`: as the run itself counted. `audit_table`: it did not say, so its audit rows were counted. */
  counted_by: 'run' | 'audit_table'
  /** Of what is open: waits that go on as before, whose audit rows an earlier run wrote. */
  waiting_as_before: number
  /** Final statuses of which the audit table has another number than the run. */
  differences: { status: Status; counted: number; audited: number }[]
}

export interface OutcomeOfReason {
  status: Status
  reason: string
  events: number
  /** A transaction_id. */
  example: string
  meaning: string
  advice: string
}

export interface OutcomeOfToken {
  app_token: string | null
  event_token: string | null
  status: Status
  reason: string
  events: number
  example: string
  http_status: number | null
  /** Some of the words that came with it. */
  words: string | null
}

/** What became of the revenue in one currency. An amount of null means that no event carried any. */
export interface Revenue {
  /** null for rows that name none, or no sound one. */
  currency: string | null
  delivered: string
  /** Deferred: a later run sends it. */
  still_coming: string
  /** In doubt or abandoned: Adjust may have counted it. */
  unknown: string
  /** Rejected, invalid, expired, late, suppressed. */
  lost: string
  by_status: { status: Status; events: number; amount: string }[]
}

export interface Sending {
  /** Requests per second that the configuration allows this shard, now. */
  limit_per_s: number
  span_s: number
  /** The busiest second of all, looked for at every tenth of a second. */
  busiest_second: { at: string; requests: number }
  sent: number
  answered: number
  /** In doubt, or no connection was made; without those that the death of the process cut off. */
  unanswered: number
  spans: SendingSpan[]
}

export interface SendingSpan {
  at: string
  sent: number
  answered: number
  unanswered: number
  /** Most requests in any second that begins in this span. */
  busiest_second: number
}

/** Percentiles are by nearest rank: each is a value that was measured. */
export interface Distribution {
  events: number
  p50: number
  p90: number
  p99: number
  max: number
  /** From `from` up to but not including `to`; null has no bound. */
  bins: { from: number | null; to: number | null; events: number }[]
}

export interface Open {
  /** What was open in the run's window at this instant: its end, or the making of the report when it has none. */
  as_of: string
  deferred: number
  in_doubt: number
  /** Of all those, what is settled by now. */
  settled_since: number
  groups: OpenGroup[]
  /** The oldest of what is still in doubt. */
  in_doubt_events: OpenEvent[]
  in_doubt_left_out: number
  /** Of what is still open, in doubt or deferred, the one that is given up first. */
  next_to_give_up: OpenEvent | null
}

export interface OpenGroup {
  status: Status
  reason: string
  meaning: string
  events: number
  oldest_occurred_at: string
  /** What its events are by now. */
  by_now: { status: Status; events: number }[]
}

export interface OpenEvent {
  transaction_id: string
  status: Status
  reason: string
  app_token: string | null
  event_token: string | null
  occurred_at: string
  since: string
  amount: string | null
  currency: string | null
  /** A doubt after its hold, everything else at the age limit. */
  given_up_at: string
}

export interface PastRun {
  run_id: string
  state: RunState
  started_at: string
  duration_s: number | null
  read: number | null
  delivered: number | null
  exit_code: number | null
}
