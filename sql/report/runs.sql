-- Runs as the log of runs tells of them, the newest first: one row each, with how far it had claimed to send and who said how it ended.
-- Parameters: pattern (STRING), a regular expression for run_id; shard (STRING), '' for all; ended_only (BOOL); started_from, started_to
-- (TIMESTAMP), both included; row_limit (INT64), at most so many runs.
SELECT
  run_id, shard, command, host, pid, version, app_token, event_token, resend,
  exit_code, counts, reasons, requests, retries, duration_s, bytes_billed,
  UNIX_MICROS(started_at) AS started_at_micros,
  UNIX_MICROS(ended_at) AS ended_at_micros,
  UNIX_MICROS(recovered_at) AS recovered_at_micros,
  UNIX_MICROS(lost_at) AS lost_at_micros,
  UNIX_MICROS(window_from) AS window_from_micros,
  UNIX_MICROS(window_to) AS window_to_micros,
  UNIX_MICROS(claim_to) AS claim_to_micros
FROM (
  -- A row that was appended twice says the same twice.
  SELECT
    run_id,
    MAX(shard) AS shard, MAX(command) AS command, MAX(host) AS host, MAX(pid) AS pid, MAX(version) AS version,
    MAX(app_token) AS app_token, MAX(event_token) AS event_token, MAX(resend) AS resend,
    MAX(exit_code) AS exit_code, MAX(counts) AS counts, MAX(reasons) AS reasons,
    MAX(requests) AS requests, MAX(retries) AS retries, MAX(duration_s) AS duration_s, MAX(bytes_billed) AS bytes_billed,
    MIN(logged_at) AS started_at,
    MAX(CASE WHEN event = 'ended' THEN logged_at END) AS ended_at,
    MAX(CASE WHEN event = 'recovered' THEN logged_at END) AS recovered_at,
    MAX(CASE WHEN event = 'lost' THEN logged_at END) AS lost_at,
    MIN(window_from) AS window_from, MAX(window_to) AS window_to, MAX(claim_to) AS claim_to
  FROM s2s_runs
  WHERE REGEXP_CONTAINS(run_id, @pattern) AND (@shard = '' OR shard = @shard)
  GROUP BY run_id
) AS runs
WHERE started_at >= @started_from AND started_at <= @started_to AND (ended_at IS NOT NULL OR NOT @ended_only)
ORDER BY started_at_micros DESC, run_id DESC
LIMIT @row_limit
