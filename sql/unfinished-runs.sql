-- Runs that may have sent something and of which nobody has said how they ended, with how far they had claimed to send. A run without a
-- claim has sent nothing.
SELECT
  run_id, shard, epoch, app_token, event_token, resend,
  UNIX_MICROS(started_at) AS started_at_micros,
  UNIX_MICROS(window_from) AS window_from_micros,
  UNIX_MICROS(claim_to) AS claim_to_micros
FROM (
  SELECT
    run_id,
    MAX(shard) AS shard,
    MAX(epoch) AS epoch,
    MAX(app_token) AS app_token,
    MAX(event_token) AS event_token,
    MAX(resend) AS resend,
    MIN(logged_at) AS started_at,
    MIN(window_from) AS window_from,
    MAX(claim_to) AS claim_to,
    MAX(CASE WHEN event IN ('ended', 'recovered', 'lost') THEN 1 ELSE 0 END) AS closed
  FROM `s2s_runs`
  GROUP BY run_id
) AS runs
WHERE claim_to IS NOT NULL AND closed = 0
ORDER BY started_at_micros, run_id
