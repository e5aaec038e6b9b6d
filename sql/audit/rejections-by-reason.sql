-- What Adjust refused, and what was never sent because the row is not sound: the largest heap first, with one example of each.
SELECT
  status, reason, http_status, app_token, event_token,
  COUNT(transaction_id) AS events,
  MIN(transaction_id) AS example,
  MIN(message) AS example_message
FROM s2s_latest
WHERE status IN ('rejected', 'invalid') AND settled_at >= @settled_from
GROUP BY status, reason, http_status, app_token, event_token
ORDER BY events DESC, status, reason, http_status, app_token, event_token
