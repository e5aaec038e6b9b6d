-- Which audit rows of a run the warehouse has: what the journal of a crashed process still has to add. Bounded by the instants of those
-- rows, so that BigQuery reads their partitions only.
SELECT audit_id
FROM s2s_audit
WHERE run_id = @run_id
  AND (occurred_at IS NULL OR (occurred_at >= @occurred_from AND occurred_at <= @occurred_to))
