-- What was open in the window of a run when it ended, and what it is by now: the events by group, the oldest of each one by one. Rows
-- carry the number and the amount of their whole group: status then and now, reason, kind and currency. amount
-- is as in totals.sql. The order of settlements is that of the view s2s_latest; the audit table is bounded by its partition column.
-- Parameters: as_of (TIMESTAMP), when the run ended; occurred_from, occurred_to (TIMESTAMP), its window, half-open; app, event (STRING),
-- the one app or event token that it was for, '' for all; row_limit (INT64), so many events of each group.
WITH
once_open AS (
  SELECT transaction_id
  FROM s2s_audit
  WHERE status IN ('in_doubt', 'deferred') AND settled_at <= @as_of
    AND occurred_at >= @occurred_from AND occurred_at < @occurred_to
    AND (@app = '' OR app_token = @app) AND (@event = '' OR event_token = @event)
),

settlements AS (
  SELECT
    transaction_id, status, reason, message, kind, app_token, event_token, currency, revenue, occurred_at, settled_at,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id
      ORDER BY CASE WHEN settled_at <= @as_of THEN 0 ELSE 1 END, CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS place_then,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id
      ORDER BY CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS place_now
  FROM s2s_audit
  WHERE status <> 'retried' AND reason <> 'source_duplicate'
    AND occurred_at >= @occurred_from AND occurred_at < @occurred_to
    AND transaction_id IN (SELECT transaction_id FROM once_open)
),

now_rows AS (
  SELECT transaction_id, status AS status_now
  FROM settlements
  WHERE place_now = 1
),

open_then AS (
  SELECT
    settlements.transaction_id, status, status_now, reason, message, kind, app_token, event_token, occurred_at, settled_at,
    CASE WHEN REGEXP_CONTAINS(currency, '^[A-Za-z]{3}$') THEN currency END AS currency,
    CASE WHEN revenue > 0 AND revenue <= 100000000000 THEN revenue END AS amount
  FROM settlements
  JOIN now_rows ON now_rows.transaction_id = settlements.transaction_id
  WHERE place_then = 1 AND status IN ('in_doubt', 'deferred')
),

placed AS (
  SELECT
    transaction_id, status, status_now, reason, message, kind, app_token, event_token, currency, amount, occurred_at, settled_at,
    COUNT(transaction_id) OVER (PARTITION BY status, status_now, reason, kind, currency) AS group_events,
    COUNT(amount) OVER (PARTITION BY status, status_now, reason, kind, currency) AS group_events_with_amount,
    SUM(amount) OVER (PARTITION BY status, status_now, reason, kind, currency) AS group_amount,
    ROW_NUMBER() OVER (
      PARTITION BY status, status_now, reason, kind, currency ORDER BY occurred_at, transaction_id
    ) AS place
  FROM open_then
)

SELECT
  status, status_now, reason, kind, currency, group_events, group_events_with_amount, group_amount, place,
  transaction_id, app_token, event_token, message, amount,
  UNIX_MICROS(occurred_at) AS occurred_at_micros,
  UNIX_MICROS(settled_at) AS settled_at_micros
FROM placed
WHERE place <= @row_limit
ORDER BY occurred_at_micros, transaction_id
