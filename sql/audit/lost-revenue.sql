-- What came too late for Adjust, per UTC day, and the revenue that it therefore does not know of.
SELECT
  CAST(DATE(occurred_at) AS STRING) AS day,
  status, reason, app_token, event_token, currency,
  COUNT(transaction_id) AS events,
  SUM(revenue) AS revenue
FROM s2s_latest
WHERE status IN ('late', 'expired') AND settled_at >= @settled_from
GROUP BY day, status, reason, app_token, event_token, currency
ORDER BY day, status, reason, app_token, event_token, currency
