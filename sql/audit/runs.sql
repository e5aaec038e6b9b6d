-- The newest runs: what each covered, how it ended. A run that has only started is running, or died.
SELECT
  run_id, shard, command, host, pid, version, full_window,
  UNIX_MICROS(started_at) AS started_at_micros,
  UNIX_MICROS(ended_at) AS ended_at_micros,
  UNIX_MICROS(window_from) AS window_from_micros,
  UNIX_MICROS(window_to) AS window_to_micros,
  counts, reasons, requests, retries, duration_s, exit_code
FROM (
  SELECT
    run_id, shard, command, host, pid, version, full_window, window_from, window_to, counts, reasons, requests, retries, duration_s, exit_code,
    MIN(logged_at) OVER (PARTITION BY run_id) AS started_at,
    CASE WHEN event = 'ended' THEN logged_at END AS ended_at,
    ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY CASE WHEN event = 'ended' THEN 0 ELSE 1 END, logged_at DESC) AS place
  FROM `s2s_runs`
) AS placed
WHERE place = 1
ORDER BY started_at DESC
LIMIT @row_limit
