-- Each transaction that waits or is in doubt, the oldest first: its age in hours, and for how long its outcome has been the same.
SELECT
  transaction_id, status, reason, message, attempt, app_token, event_token, revenue, currency,
  UNIX_MICROS(occurred_at) AS occurred_at_micros,
  DIV(UNIX_MICROS(@now) - UNIX_MICROS(occurred_at), 3600000000) AS age_hours,
  DIV(UNIX_MICROS(@now) - UNIX_MICROS(settled_at), 3600000000) AS unchanged_hours
FROM s2s_latest
WHERE status IN ('deferred', 'in_doubt')
ORDER BY occurred_at, transaction_id
LIMIT @row_limit
