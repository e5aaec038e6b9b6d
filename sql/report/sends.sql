-- When one run sent and was answered: requests and answers in spans of equal length, and the busiest second that begins in each, looked
-- at every tenth of a second so that no burst hides between two clock seconds.
-- Parameters: run_id (STRING); occurred_from, occurred_to (TIMESTAMP), the run's window, half-open; from_micros (INT64), epoch
-- microseconds of the first span; span_tenths (INT64), tenths of a second in a span.
WITH
-- After a lost answer of the warehouse the same row may stand there twice.
attempts AS (
  SELECT
    audit_id,
    MAX(UNIX_MICROS(sent_at)) AS sent_at_micros,
    MAX(UNIX_MICROS(settled_at)) AS settled_at_micros,
    MAX(http_status) AS http_status,
    MAX(reason) AS reason
  FROM s2s_audit
  WHERE run_id = @run_id AND sent_at IS NOT NULL
    AND (occurred_at IS NULL OR (occurred_at >= @occurred_from AND occurred_at < @occurred_to))
  GROUP BY audit_id
),

tenths AS (
  SELECT DIV((sent_at_micros - @from_micros), 100000) AS tenth, COUNT(audit_id) AS sent
  FROM attempts
  GROUP BY tenth
),

-- Each tenth belongs to the ten seconds that begin in it or up to nine tenths before.
seconds AS (
  SELECT beginning, SUM(sent) AS sent
  FROM (SELECT tenth - step AS beginning, sent FROM tenths CROSS JOIN UNNEST([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) AS step) AS spread
  GROUP BY beginning
),

ranked_seconds AS (
  SELECT
    span, beginning, sent,
    ROW_NUMBER() OVER (PARTITION BY span ORDER BY sent DESC, beginning) AS place
  FROM (SELECT DIV(beginning, NULLIF(@span_tenths, 0)) AS span, beginning, sent FROM seconds) AS spans
),

parts AS (
  SELECT DIV(tenth, NULLIF(@span_tenths, 0)) AS span, sent, 0 AS answered, 0 AS unanswered, 0 AS busiest, 0 AS busiest_tenth
  FROM tenths
  UNION ALL
  SELECT
    DIV(DIV((settled_at_micros - @from_micros), 100000), NULLIF(@span_tenths, 0)) AS span, 0 AS sent,
    CASE WHEN http_status IS NULL THEN 0 ELSE 1 END AS answered,
    CASE WHEN http_status IS NULL THEN 1 ELSE 0 END AS unanswered,
    0 AS busiest, 0 AS busiest_tenth
  FROM attempts
  -- A run that died saw no end of these; a later run settled them, maybe days later.
  WHERE reason NOT IN ('process_died', 'journal_lost')
  UNION ALL
  SELECT span, 0 AS sent, 0 AS answered, 0 AS unanswered, sent AS busiest, beginning AS busiest_tenth
  FROM ranked_seconds
  WHERE place = 1
)

SELECT
  span,
  SUM(sent) AS sent, SUM(answered) AS answered, SUM(unanswered) AS unanswered,
  MAX(busiest) AS busiest_second, MAX(busiest_tenth) AS busiest_second_tenth
FROM parts
GROUP BY span
ORDER BY span
