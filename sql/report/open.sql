-- What was open in the window of a run when it ended, and what it is by now: the events by group, the oldest of each one by one. Rows
-- carry the number and the amount of their whole group: status then and now, reason, kind and currency. amount
-- is as in totals.sql. The order of settlements is that of the view s2s_latest; the audit table is bounded by its partition column.
-- Parameters: as_of (TIMESTAMP), when the run ended; occurred_from, occurred_to (TIMESTAMP), its window, half-open; app, event (STRING),
-- the one app or event token that it was for, '' for all; row_limit (INT64), so many events of each group. Of a run of one shard: shard
-- (STRING), its name; shard_count (STRING), a regular expression for the names of all shards of its number; shard_from, shard_to
-- (STRING), the bounds of its devices' hashes as in extract.sql. All four are '' for a run over all devices.
WITH
-- The shard by which each run went.
run_shards AS (
  SELECT run_id, MAX(shard) AS shard
  FROM s2s_runs
  WHERE @shard <> ''
  GROUP BY run_id
),

open_in_window AS (
  SELECT
    s2s_audit.transaction_id,
    MAX(CASE WHEN run_shards.shard = @shard THEN 1 ELSE 0 END) AS is_of_shard,
    MAX(CASE WHEN REGEXP_CONTAINS(run_shards.shard, @shard_count) THEN 1 ELSE 0 END) AS is_of_count
  FROM s2s_audit
  LEFT JOIN run_shards ON run_shards.run_id = s2s_audit.run_id
  WHERE status IN ('in_doubt', 'deferred') AND settled_at <= @as_of
    AND occurred_at >= @occurred_from AND occurred_at < @occurred_to
    AND (@app = '' OR app_token = @app) AND (@event = '' OR event_token = @event)
  GROUP BY s2s_audit.transaction_id
),

-- Devices that turned out to be one may have several names of this kind: each event counts for one shard.
device_ids AS (
  SELECT transaction_id, MIN(name) AS name
  FROM s2s_audit CROSS JOIN UNNEST(device_names) AS name
  WHERE @shard <> '' AND REGEXP_CONTAINS(name, '^device_id:')
    AND occurred_at >= @occurred_from AND occurred_at < @occurred_to
  GROUP BY transaction_id
),

-- Whose event it is, the run says that took it. Where the devices were parted into another number then, the hash of the device does.
once_open AS (
  SELECT open_in_window.transaction_id
  FROM open_in_window
  LEFT JOIN device_ids ON device_ids.transaction_id = open_in_window.transaction_id
  WHERE @shard = ''
    OR is_of_shard = 1
    OR (
      is_of_count = 0
      AND COALESCE(device_ids.name, 'device_id:' || TO_HEX(SHA256(''))) >= 'device_id:' || @shard_from
      AND COALESCE(device_ids.name, 'device_id:' || TO_HEX(SHA256(''))) < 'device_id:' || @shard_to
    )
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
