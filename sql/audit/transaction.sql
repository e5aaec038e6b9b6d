-- One transaction's story: every attempt and settlement, the oldest first.
SELECT
  audit_id, run_id, status, reason, http_status, message, attempt, kind, app_token, event_token, revenue, currency,
  UNIX_MICROS(occurred_at) AS occurred_at_micros,
  UNIX_MICROS(sent_at) AS sent_at_micros,
  UNIX_MICROS(settled_at) AS settled_at_micros,
  latency_ms
FROM `s2s_audit`
WHERE transaction_id = @transaction_id
ORDER BY settled_at, attempt, audit_id
