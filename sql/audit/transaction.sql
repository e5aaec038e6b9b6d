-- One transaction's story: every attempt and settlement, the oldest first. Instants are UTC, and exact as epoch microseconds.
-- Parameters: transaction_id (STRING), transaction_id of the source row.
SELECT
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', settled_at) AS settled_at,
  run_id, attempt, status, reason, http_status, message,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', sent_at) AS sent_at,
  latency_ms,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', occurred_at) AS occurred_at,
  kind, app_token, event_token, revenue, currency, audit_id,
  UNIX_MICROS(settled_at) AS settled_at_micros,
  UNIX_MICROS(sent_at) AS sent_at_micros,
  UNIX_MICROS(occurred_at) AS occurred_at_micros
FROM (
  -- After a lost answer of the warehouse the same row may stand there twice.
  SELECT *, ROW_NUMBER() OVER (PARTITION BY audit_id ORDER BY settled_at) AS place
  FROM s2s_audit
  WHERE transaction_id = @transaction_id
) AS placed
WHERE place = 1
ORDER BY settled_at_micros, attempt, audit_id
