-- What became of the events of one run, by status, reason and currency: the newest word of the run on each transaction counts. Copies in
-- the source and attempts that were followed by another (retried) count one by one. amount is the revenue that Adjust can take, above 0
-- and up to 100,000,000,000; the exact sum. What was put in doubt because the run had died says when it was sent, not when that was
-- found out: that may be days later. The audit table is bounded by its partition column.
-- Parameters: run_id (STRING); occurred_from, occurred_to (TIMESTAMP), the run's window, half-open.
SELECT
  status, reason, currency,
  COUNT(transaction_id) AS events,
  COUNT(amount) AS events_with_amount,
  SUM(amount) AS amount,
  MIN(transaction_id) AS example,
  UNIX_MICROS(MIN(sent_at)) AS first_sent_at_micros,
  UNIX_MICROS(MAX(CASE WHEN reason IN ('process_died', 'journal_lost') THEN sent_at ELSE settled_at END)) AS last_settled_at_micros
FROM (
  SELECT
    transaction_id, status, reason, sent_at, settled_at,
    -- A source may put anything here; what is no code of a currency counts as one without.
    CASE WHEN REGEXP_CONTAINS(currency, '^[A-Za-z]{3}$') THEN currency END AS currency,
    CASE WHEN revenue > 0 AND revenue <= 100000000000 THEN revenue END AS amount,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id, CASE WHEN status = 'retried' OR reason = 'source_duplicate' THEN audit_id ELSE '' END
      ORDER BY CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS place
  FROM s2s_audit
  WHERE run_id = @run_id
    AND (occurred_at IS NULL OR (occurred_at >= @occurred_from AND occurred_at < @occurred_to))
) AS placed
WHERE place = 1
GROUP BY status, reason, currency
ORDER BY status, reason, currency
