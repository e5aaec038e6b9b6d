-- The newest runs: the window that each covered, and how it ended. One without an end is running, or died. Instants are UTC, and exact
-- as epoch microseconds; counts and reasons are JSON.
-- Parameters: row_limit (INT64), at most so many runs.
SELECT
  run_id,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', started_at) AS started_at,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', ended_at) AS ended_at,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', window_from) AS window_from,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', window_to) AS window_to,
  full_window, exit_code, delivered, requests, retries, duration_s, bytes_billed, counts, reasons,
  shard, command, host, pid, version,
  UNIX_MICROS(started_at) AS started_at_micros,
  UNIX_MICROS(ended_at) AS ended_at_micros,
  UNIX_MICROS(window_from) AS window_from_micros,
  UNIX_MICROS(window_to) AS window_to_micros
FROM (
  SELECT
    run_id, window_from, window_to, full_window, exit_code, delivered, requests, retries, duration_s, bytes_billed, counts, reasons,
    shard, command, host, pid, version,
    MIN(logged_at) OVER (PARTITION BY run_id) AS started_at,
    CASE WHEN event = 'ended' THEN logged_at END AS ended_at,
    ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY CASE WHEN event = 'ended' THEN 0 WHEN event = 'started' THEN 1 ELSE 2 END, logged_at DESC) AS place
  FROM s2s_runs
) AS placed
WHERE place = 1
ORDER BY started_at_micros DESC, run_id DESC
LIMIT @row_limit
