-- Delivery lag: from occurred_at to Adjust's answer, per UTC day of the answer, as percentiles in whole seconds; and how long the
-- answers themselves took, in milliseconds. A percentile is the smallest value that is not below so many of the day's (nearest rank),
-- so it is one that was measured.
-- Parameters: settled_from, settled_to (TIMESTAMP), answered from here on, and up to but not including there.
SELECT
  settled_day,
  COUNT(transaction_id) AS events,
  MAX(CASE WHEN lag_place = DIV((day_events * 50 + 99), 100) THEN lag_s END) AS lag_p50_s,
  MAX(CASE WHEN lag_place = DIV((day_events * 90 + 99), 100) THEN lag_s END) AS lag_p90_s,
  MAX(CASE WHEN lag_place = DIV((day_events * 99 + 99), 100) THEN lag_s END) AS lag_p99_s,
  MAX(lag_s) AS lag_max_s,
  MAX(CASE WHEN latency_place = DIV((day_answers * 50 + 99), 100) THEN latency_ms END) AS latency_p50_ms,
  MAX(CASE WHEN latency_place = DIV((day_answers * 99 + 99), 100) THEN latency_ms END) AS latency_p99_ms
FROM (
  SELECT
    settled_day, transaction_id, lag_s, latency_ms,
    COUNT(lag_s) OVER (PARTITION BY settled_day) AS day_events,
    ROW_NUMBER() OVER (PARTITION BY settled_day ORDER BY lag_s) AS lag_place,
    -- The table takes rows without a latency: they stand last and are not counted.
    COUNT(latency_ms) OVER (PARTITION BY settled_day) AS day_answers,
    ROW_NUMBER() OVER (PARTITION BY settled_day ORDER BY latency_ms NULLS LAST) AS latency_place
  FROM (
    SELECT
      transaction_id, latency_ms,
      CAST(DATE(settled_at) AS STRING) AS settled_day,
      DIV((UNIX_MICROS(settled_at) - UNIX_MICROS(occurred_at)), 1000000) AS lag_s
    FROM s2s_latest
    WHERE status = 'delivered' AND settled_at >= @settled_from AND settled_at < @settled_to
  ) AS delivered
) AS placed
GROUP BY settled_day
ORDER BY settled_day
