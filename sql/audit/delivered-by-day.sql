-- Delivered per UTC day, event token and currency, with revenue: what Adjust has, to be compared with its dashboard.
-- Parameters: window_from, window_to (TIMESTAMP), occurred_at from here on, and up to but not including there.
SELECT
  CAST(DATE(occurred_at) AS STRING) AS occurred_day,
  app_token, event_token, currency,
  COUNT(transaction_id) AS events,
  SUM(revenue) AS revenue
FROM s2s_latest
WHERE status = 'delivered' AND occurred_at >= @window_from AND occurred_at < @window_to
GROUP BY occurred_day, app_token, event_token, currency
ORDER BY occurred_day, app_token, event_token, currency
