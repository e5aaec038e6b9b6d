-- Late and expired, with the revenue lost: what came too late for Adjust, per UTC day on which it occurred.
-- Parameters: settled_from, settled_to (TIMESTAMP), found to be too late from here on, and up to but not including there.
SELECT
  CAST(DATE(occurred_at) AS STRING) AS occurred_day,
  status, reason, app_token, event_token, currency,
  COUNT(transaction_id) AS events,
  SUM(revenue) AS revenue_lost
FROM s2s_latest
WHERE status IN ('late', 'expired') AND settled_at >= @settled_from AND settled_at < @settled_to
GROUP BY occurred_day, status, reason, app_token, event_token, currency
ORDER BY occurred_day, status, reason, app_token, event_token, currency
