-- What Adjust has, per UTC day, event token and currency: to be compared with the dashboard.
SELECT
  CAST(DATE(occurred_at) AS STRING) AS day,
  app_token, event_token, currency,
  COUNT(transaction_id) AS events,
  SUM(revenue) AS revenue
FROM s2s_latest
WHERE status = 'delivered' AND occurred_at >= @window_from AND occurred_at < @window_to
GROUP BY day, app_token, event_token, currency
ORDER BY day, app_token, event_token, currency
