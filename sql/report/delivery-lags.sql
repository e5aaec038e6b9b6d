-- From occurred_at to Adjust's answer, of the events that one run delivered: how many took how many seconds. From an hour on whole
-- minutes, rounded down, so that even two months are some ten thousand rows.
-- Parameters: run_id (STRING); occurred_from, occurred_to (TIMESTAMP), the run's window, half-open.
SELECT
  CASE WHEN lag_s < 3600 THEN lag_s ELSE DIV(lag_s, 60) * 60 END AS value,
  COUNT(transaction_id) AS events
FROM (
  SELECT transaction_id, DIV((UNIX_MICROS(MIN(settled_at)) - UNIX_MICROS(MIN(occurred_at))), 1000000) AS lag_s
  FROM s2s_audit
  WHERE run_id = @run_id AND status = 'delivered' AND occurred_at >= @occurred_from AND occurred_at < @occurred_to
  GROUP BY transaction_id
) AS delivered
GROUP BY value
ORDER BY value
