-- The newest settlement of one transaction, whatever it is, in the columns of in-doubt.sql.
WITH
settlements AS (
  SELECT
    transaction_id, status, reason, message, attempt, run_id, settled_at,
    kind, app_token, event_token, device, device_names, identifiers, occurred_at, revenue, currency,
    MAX(sent_at) OVER (PARTITION BY transaction_id, attempt) AS attempt_sent_at,
    MAX(CASE WHEN status = 'in_doubt' THEN settled_at END) OVER (PARTITION BY transaction_id, attempt) AS doubted_at,
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
  WHERE status <> 'retried' AND reason <> 'source_duplicate' AND transaction_id = @transaction_id
),

newest AS (
  SELECT transaction_id, status, reason, message, attempt, run_id, settled_at, attempt_sent_at, doubted_at
  FROM settlements
  WHERE newness = 1
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
