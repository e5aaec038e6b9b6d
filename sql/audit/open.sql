-- What waits or is in doubt, and since when: the oldest of each reason expires first.
SELECT
  status, reason, app_token, event_token,
  COUNT(transaction_id) AS events,
  UNIX_MICROS(MIN(occurred_at)) AS oldest_occurred_at_micros,
  UNIX_MICROS(MIN(settled_at)) AS oldest_settled_at_micros,
  MIN(transaction_id) AS example
FROM `s2s_latest`
WHERE status IN ('deferred', 'in_doubt')
GROUP BY status, reason, app_token, event_token
ORDER BY oldest_occurred_at_micros, status, reason, app_token, event_token
