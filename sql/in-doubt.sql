-- Every transaction whose outcome was unknown at some time, with its newest settlement: what it is now, the request that it is about
-- (sent_at is NULL where no run could note it), and since when its outcome is unknown. With a run_id only those whose last request that
-- run put in doubt, or whose doubt it resolved. The audit table is bounded by its partition column; the order of settlements is that of
-- the view s2s_latest.
WITH
settlements AS (
  SELECT
    transaction_id, status, reason, message, attempt, run_id, settled_at,
    kind, app_token, event_token, device, device_names, identifiers, occurred_at, revenue, currency,
    MAX(sent_at) OVER (PARTITION BY transaction_id, attempt) AS attempt_sent_at,
    MAX(CASE WHEN status = 'in_doubt' THEN settled_at END) OVER (PARTITION BY transaction_id, attempt) AS doubted_at,
    MAX(
      CASE
        WHEN run_id = @run_id
          AND (status = 'in_doubt' OR reason IN ('resolved_delivered', 'resolved_not_delivered', 'resolved_abandoned', 'found_in_export', 'absent_from_export'))
        THEN 1 ELSE 0
      END
    ) OVER (PARTITION BY transaction_id, attempt) AS is_of_run,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id
      ORDER BY CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS newness,
    -- A settlement without a request, such as abandoned, does not name the device: the newest row that does says what was sent.
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id
      ORDER BY CASE WHEN device IS NULL THEN 1 ELSE 0 END, CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS telling
  FROM s2s_audit
  WHERE status <> 'retried' AND reason <> 'source_duplicate'
    AND (occurred_at IS NULL OR occurred_at >= @audit_from)
    AND transaction_id IN (
      SELECT transaction_id FROM s2s_audit
      WHERE (status = 'in_doubt' OR reason = 'in_doubt_too_long')
        AND (occurred_at IS NULL OR occurred_at >= @audit_from)
    )
),

newest AS (
  SELECT transaction_id, status, reason, message, attempt, run_id, settled_at, attempt_sent_at, doubted_at
  FROM settlements
  WHERE newness = 1 AND (@run_id = '' OR is_of_run = 1)
),

described AS (
  SELECT transaction_id, kind, app_token, event_token, device, device_names, identifiers, occurred_at, revenue, currency
  FROM settlements
  WHERE telling = 1
),

names AS (
  SELECT transaction_id, STRING_AGG(name, ' ' ORDER BY name) AS device_names
  FROM described CROSS JOIN UNNEST(device_names) AS name
  GROUP BY transaction_id
)

SELECT
  newest.transaction_id, newest.status, newest.reason, newest.message, newest.attempt, newest.run_id,
  UNIX_MICROS(newest.settled_at) AS settled_at_micros,
  UNIX_MICROS(newest.attempt_sent_at) AS sent_at_micros,
  UNIX_MICROS(newest.doubted_at) AS doubted_at_micros,
  described.kind, described.app_token, described.event_token, described.device, names.device_names, described.identifiers,
  UNIX_MICROS(described.occurred_at) AS occurred_at_micros,
  described.revenue, described.currency
FROM newest
JOIN described ON described.transaction_id = newest.transaction_id
LEFT JOIN names ON names.transaction_id = newest.transaction_id
ORDER BY occurred_at_micros, transaction_id
