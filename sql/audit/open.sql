-- In doubt and deferred by reason and kind: how many, and since when; the group with the oldest event comes first. waiting.sql lists them one by
-- one. Instants are UTC, and exact as epoch microseconds.
-- Not from the view s2s_latest, behind which BigQuery would read every partition that there is; the order is the view's.
-- Parameters: audit_from (TIMESTAMP), transactions that occurred before are left out: 116 days ago is twice the age limit, and what is
-- open for longer has lost its row in the source.
SELECT
  status, reason, kind, app_token, event_token,
  COUNT(transaction_id) AS events,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', MIN(occurred_at)) AS oldest_occurred_at,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', MIN(settled_at)) AS oldest_settled_at,
  MIN(transaction_id) AS example,
  UNIX_MICROS(MIN(occurred_at)) AS oldest_occurred_at_micros,
  UNIX_MICROS(MIN(settled_at)) AS oldest_settled_at_micros
FROM (
  SELECT
    transaction_id, status, reason, kind, app_token, event_token, occurred_at, settled_at,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id
      ORDER BY CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS newness
  FROM s2s_audit
  WHERE status <> 'retried' AND reason <> 'source_duplicate' AND (occurred_at IS NULL OR occurred_at >= @audit_from)
) AS settlements
WHERE newness = 1 AND status IN ('deferred', 'in_doubt')
GROUP BY status, reason, kind, app_token, event_token
ORDER BY oldest_occurred_at_micros, status, reason, kind, app_token, event_token
