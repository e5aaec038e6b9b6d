/** Every name begins with this. */
export const PREFIX = 'adjust_s2s_'

interface MetricEntry {
  help: string
  labels: readonly string[]
  /** Stays what it was when a run does not set it anew. */
  survives?: true
}

/**
 * Every metric, in the order in which they are written; all of them carry the label `shard` as well. Units are Prometheus's base units. They
 * are gauges, for a job that ends has nothing to count up: each says how it was at the end of the last run. A value that a run
 * could not learn is left out, for an old one would mislead.
 */
export const METRICS = {
  last_success_timestamp_seconds: {
    help: 'When a run last ended with exit code 0, in seconds since 1970. Runs that fail leave it as it is.',
    labels: [],
    survives: true,
  },
  last_run_start_timestamp_seconds: {
    help: 'When the last run began, in seconds since 1970.',
    labels: [],
  },
  last_run_end_timestamp_seconds: {
    help: 'When the last run ended, in whatever way, in seconds since 1970.',
    labels: [],
  },
  last_run_duration_seconds: {
    help: 'How long the last run took.',
    labels: [],
  },
  last_run_exit_code: {
    help: 'How the last run ended: 0 ok, 1 a bug, 2 usage or configuration, 3 too many rejected, 4 refused by Adjust, 75 try again later.',
    labels: [],
  },
  last_run_skipped: {
    help: '1 if the last run found another process at work (lease or DuckDB file taken) and did nothing, else 0.',
    labels: [],
  },
  last_run_lease_lost: {
    help: '1 if the last run lost its lease in the middle and stopped sending, else 0.',
    labels: [],
  },
  last_run_rows_read: {
    help: 'Rows that the last run read.',
    labels: [],
  },
  last_run_rows: {
    help: 'Rows of the last run by what became of them; they add up to last_run_rows_read.',
    labels: ['status'],
  },
  last_run_reason_rows: {
    help: 'The same by status and reason, as in the audit table. Reasons without a row are left out.',
    labels: ['status', 'reason'],
  },
  last_run_requests: {
    help: 'Requests that the last run made.',
    labels: [],
  },
  last_run_retries: {
    help: 'Requests of the last run that repeated another.',
    labels: [],
  },
  last_run_recovered_rows: {
    help: 'Outcomes that an earlier process had left in its journal and that the last run wrote first.',
    labels: [],
  },
  last_run_stopped: {
    help: '1 if the last run stopped sending before the end, by reason.',
    labels: ['reason'],
  },
  last_run_refused_tokens: {
    help: 'Apps and event tokens that were not sent for any more in the last run, by reason.',
    labels: ['reason'],
  },
  last_run_billed_bytes: {
    help: 'Bytes that BigQuery billed for the queries of the last run.',
    labels: [],
  },
  last_run_delivery_lag_seconds: {
    help: 'From occurred_at to the answer of Adjust, of the events that the last run delivered; percentile 100 is the longest.',
    labels: ['percentile'],
  },
  open_rows: {
    help: 'Transactions in the audit table that are not settled yet, in doubt or deferred, and young enough to be sent.',
    labels: ['status'],
  },
  oldest_open_age_seconds: {
    help: 'Age, by occurred_at, of the oldest of open_rows; 0 if there is none.',
    labels: [],
  },
  oldest_open_expiry_timestamp_seconds: {
    help: 'When the first of open_rows of a status is given up, in seconds since 1970: in doubt after its hold, deferred at the age limit (ad revenue after 28 days).',
    labels: ['status'],
  },
  build_info: {
    help: '1, with the version of the program that wrote all this.',
    labels: ['version'],
  },
} as const satisfies Record<string, MetricEntry>

export type MetricName = keyof typeof METRICS

/** The name as Prometheus knows it. */
export const fullName = (name: MetricName): string => PREFIX + name

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[]

export function survives(name: MetricName): boolean {
  return (METRICS[name] as MetricEntry).survives === true
}
