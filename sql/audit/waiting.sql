-- In doubt and deferred, with age: each transaction that is not settled, the oldest first, for that is the first to expire.
-- unchanged_hours says for how long its outcome has been the same, and message what it waits for or what broke.
-- Parameters: now (TIMESTAMP), the instant up to which ages count; row_limit (INT64), at most so many transactions.
SELECT
  transaction_id, status, reason,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', occurred_at) AS occurred_at,
  DIV((UNIX_MICROS(@now) - UNIX_MICROS(occurred_at)), 3600000000) AS age_hours,
  DIV((UNIX_MICROS(@now) - UNIX_MICROS(settled_at)), 3600000000) AS unchanged_hours,
  attempt, app_token, event_token, revenue, currency, message,
  UNIX_MICROS(occurred_at) AS occurred_at_micros
FROM s2s_latest
WHERE status IN ('deferred', 'in_doubt')
ORDER BY occurred_at_micros, transaction_id
LIMIT @row_limit
