-- Where the last run over the full window drew its age limit, if it read to its end (a run that stopped early exits with 4 or 75).
SELECT UNIX_MICROS(age_limit) AS age_limit_micros
FROM `s2s_runs`
WHERE event = 'ended'
  AND full_window
  AND shard = @shard
  AND exit_code IN (0, 3)
  -- A machine whose clock was ahead must not be the last one until time has caught up.
  AND logged_at <= @now
ORDER BY logged_at DESC, run_id DESC
LIMIT 1
