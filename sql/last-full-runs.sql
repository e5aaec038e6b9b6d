-- Where the last run of each shard over the full window drew its age limit, of those that read to their end (one that stopped early
-- exits with 4 or 75); the newest first.
SELECT shard, UNIX_MICROS(age_limit) AS age_limit_micros
FROM (
  SELECT
    shard, age_limit, logged_at, run_id,
    ROW_NUMBER() OVER (PARTITION BY shard ORDER BY logged_at DESC, run_id DESC) AS newness
  FROM `s2s_runs`
  WHERE event = 'ended'
    AND full_window
    AND exit_code IN (0, 3)
    -- A machine whose clock was ahead must not be the last one until time has caught up.
    AND logged_at <= @now
) AS ended
WHERE newness = 1
ORDER BY logged_at DESC, run_id DESC
