-- Rejections by reason: what Adjust refused (rejected), and what was not sent because the row is not sound (invalid). The largest
-- group first, with one transaction of each and its message: in Adjust's words where it was sent.
-- Parameters: settled_from, settled_to (TIMESTAMP), refused from here on, and up to but not including there.
SELECT
  status, reason, http_status, app_token, event_token,
  COUNT(transaction_id) AS events,
  MIN(first_id) AS example,
  MIN(CASE WHEN transaction_id = first_id THEN message END) AS example_message
FROM (
  SELECT
    status, reason, http_status, app_token, event_token, transaction_id, message,
    MIN(transaction_id) OVER (PARTITION BY status, reason, http_status, app_token, event_token) AS first_id
  FROM s2s_latest
  WHERE status IN ('rejected', 'invalid') AND settled_at >= @settled_from AND settled_at < @settled_to
) AS refused
GROUP BY status, reason, http_status, app_token, event_token
ORDER BY events DESC, status, reason, http_status, app_token, event_token
