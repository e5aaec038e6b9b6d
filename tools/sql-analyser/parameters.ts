/** Types of query parameters, as BigQuery gets them: text, a whole number, a truth value, an instant. */
export type ParameterType = 'STRING' | 'INT64' | 'BOOL' | 'TIMESTAMP'
export type QueryParameterTypes = Readonly<Record<string, ParameterType>>

/**
 * What each file of `sql/` is run with. Files that the program itself runs are held to the calls that it makes by
 * `test/parameters.test.ts`; those that people run say the same at their top.
 */
export const QUERY_PARAMETERS: Readonly<Record<string, QueryParameterTypes>> = {
  'extract.sql': {
    window_from: 'TIMESTAMP',
    window_to: 'TIMESTAMP',
    full_window: 'BOOL',
    future: 'TIMESTAMP',
    audit_from: 'TIMESTAMP',
    app: 'STRING',
    event: 'STRING',
    transaction: 'STRING',
    shard_from: 'STRING',
    shard_to: 'STRING',
    resend_failed: 'BOOL',
    resend_all: 'BOOL',
    in_doubt_since: 'TIMESTAMP',
    revenue_blocks: 'BOOL',
    other_blocks: 'BOOL',
    row_limit: 'INT64',
  },
  'audit-ids.sql': { run_id: 'STRING', occurred_from: 'TIMESTAMP', occurred_to: 'TIMESTAMP' },
  'last-full-runs.sql': { now: 'TIMESTAMP' },
  'unfinished-runs.sql': {},
  'oldest-open.sql': { audit_from: 'TIMESTAMP' },
  'in-doubt.sql': { run_id: 'STRING', audit_from: 'TIMESTAMP' },
  'settlement.sql': { transaction_id: 'STRING' },
  'sent-events.sql': {
    sent_from: 'TIMESTAMP',
    sent_to: 'TIMESTAMP',
    occurred_from: 'TIMESTAMP',
    occurred_to: 'TIMESTAMP',
  },
  'sent-ids.sql': { occurred_from: 'TIMESTAMP' },
  'export.sql': {},

  'lease-first.sql': { shard: 'STRING', now: 'TIMESTAMP' },
  'lease-holders.sql': {},
  'lease-release.sql': { shard: 'STRING', holder: 'STRING', epoch: 'INT64', now: 'TIMESTAMP' },
  'lease-renew.sql': { shard: 'STRING', holder: 'STRING', epoch: 'INT64', expires_at: 'TIMESTAMP' },
  'lease-take.sql': {
    shard: 'STRING',
    holder: 'STRING',
    host: 'STRING',
    pid: 'INT64',
    now: 'TIMESTAMP',
    expires_at: 'TIMESTAMP',
    seen_epoch: 'INT64',
    seen_expires_at: 'TIMESTAMP',
  },

  'report/runs.sql': {
    pattern: 'STRING',
    shard: 'STRING',
    ended_only: 'BOOL',
    started_from: 'TIMESTAMP',
    started_to: 'TIMESTAMP',
    row_limit: 'INT64',
  },
  'report/totals.sql': { run_id: 'STRING', occurred_from: 'TIMESTAMP', occurred_to: 'TIMESTAMP' },
  'report/outcomes.sql': {
    run_id: 'STRING',
    occurred_from: 'TIMESTAMP',
    occurred_to: 'TIMESTAMP',
    row_limit: 'INT64',
  },
  'report/sends.sql': {
    run_id: 'STRING',
    occurred_from: 'TIMESTAMP',
    occurred_to: 'TIMESTAMP',
    from_micros: 'INT64',
    span_tenths: 'INT64',
  },
  'report/answer-times.sql': { run_id: 'STRING', occurred_from: 'TIMESTAMP', occurred_to: 'TIMESTAMP' },
  'report/delivery-lags.sql': { run_id: 'STRING', occurred_from: 'TIMESTAMP', occurred_to: 'TIMESTAMP' },
  'report/open.sql': {
    as_of: 'TIMESTAMP',
    occurred_from: 'TIMESTAMP',
    occurred_to: 'TIMESTAMP',
    app: 'STRING',
    event: 'STRING',
    shard: 'STRING',
    shard_count: 'STRING',
    shard_from: 'STRING',
    shard_to: 'STRING',
    row_limit: 'INT64',
  },

  'audit/cost-per-run.sql': { usd_per_tib: 'STRING', row_limit: 'INT64' },
  'audit/delivered-by-day.sql': { window_from: 'TIMESTAMP', window_to: 'TIMESTAMP' },
  'audit/delivery-lag.sql': { settled_from: 'TIMESTAMP', settled_to: 'TIMESTAMP' },
  'audit/lost-revenue.sql': { settled_from: 'TIMESTAMP', settled_to: 'TIMESTAMP' },
  'audit/open.sql': { audit_from: 'TIMESTAMP' },
  'audit/rejections-by-reason.sql': { settled_from: 'TIMESTAMP', settled_to: 'TIMESTAMP' },
  'audit/runs.sql': { row_limit: 'INT64' },
  'audit/transaction.sql': { transaction_id: 'STRING' },
  'audit/waiting.sql': { now: 'TIMESTAMP', row_limit: 'INT64' },
}
