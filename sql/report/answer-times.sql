-- How long Adjust took to answer the requests of one run: how many took how many milliseconds. Requests without an answer are not in it.
-- Parameters: run_id (STRING); occurred_from, occurred_to (TIMESTAMP), the run's window, half-open.
SELECT latency_ms AS value, COUNT(audit_id) AS events
FROM (
  SELECT audit_id, MAX(latency_ms) AS latency_ms
  FROM s2s_audit
  WHERE run_id = @run_id AND http_status IS NOT NULL AND latency_ms IS NOT NULL
    AND (occurred_at IS NULL OR (occurred_at >= @occurred_from AND occurred_at < @occurred_to))
  GROUP BY audit_id
) AS answers
GROUP BY value
ORDER BY value
