-- The same by app and event token, with an example of each group and some of the words that came with it: what was not delivered first,
-- the largest groups first.
-- Parameters: run_id (STRING); occurred_from, occurred_to (TIMESTAMP), the run's window, half-open; row_limit (INT64), at most so many
-- groups.
SELECT
  app_token, event_token, status, reason,
  COUNT(transaction_id) AS events,
  MIN(transaction_id) AS example,
  MIN(http_status) AS http_status,
  MIN(message) AS words
FROM (
  SELECT
    transaction_id, app_token, event_token, status, reason, http_status, message,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id, CASE WHEN reason = 'source_duplicate' THEN audit_id ELSE '' END
      ORDER BY CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS place
  FROM s2s_audit
  WHERE run_id = @run_id AND status <> 'retried'
    AND (occurred_at IS NULL OR (occurred_at >= @occurred_from AND occurred_at < @occurred_to))
) AS placed
WHERE place = 1
GROUP BY app_token, event_token, status, reason
ORDER BY CASE WHEN status = 'delivered' THEN 1 ELSE 0 END, events DESC, app_token, event_token, status, reason
LIMIT @row_limit
