-- In doubt and deferred by reason: how many, and since when; the group that expires first comes first. waiting.sql lists them one by
-- one. Instants are UTC, and exact as epoch microseconds. No parameters.
SELECT
  status, reason, app_token, event_token,
  COUNT(transaction_id) AS events,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', MIN(occurred_at)) AS oldest_occurred_at,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', MIN(settled_at)) AS oldest_settled_at,
  MIN(transaction_id) AS example,
  UNIX_MICROS(MIN(occurred_at)) AS oldest_occurred_at_micros,
  UNIX_MICROS(MIN(settled_at)) AS oldest_settled_at_micros
FROM s2s_latest
WHERE status IN ('deferred', 'in_doubt')
GROUP BY status, reason, app_token, event_token
ORDER BY oldest_occurred_at_micros, status, reason, app_token, event_token
