-- The oldest transaction that waits or is in doubt: a full run begins no later, so that none is forgotten when the age limit passes it.
-- Not from the view s2s_latest, behind which BigQuery would read every partition that there is; the order is the view's.
SELECT UNIX_MICROS(MIN(occurred_at)) AS oldest_micros
FROM (
  SELECT
    status, occurred_at,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id
      ORDER BY CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS newness
  FROM s2s_audit
  WHERE status <> 'retried' AND reason <> 'source_duplicate' AND occurred_at >= @audit_from
) AS settlements
WHERE newness = 1 AND status IN ('deferred', 'in_doubt')
