-- Every transaction of which a request began in [sent_from, sent_to), with its newest settlement: what a raw data export is held against.
-- Bounded by the partition column as well, for an event is sent within the age limit. A copy of an audit row does not count, and a
-- delivered event was sent when the request began that Adjust answered.
WITH
requests AS (
  SELECT
    transaction_id,
    MIN(sent_at) AS first_sent_at,
    MAX(sent_at) AS last_sent_at,
    COUNT(DISTINCT attempt) AS requests,
    COUNT(DISTINCT CASE WHEN status = 'delivered' THEN attempt END) AS deliveries,
    MAX(CASE WHEN status = 'delivered' THEN sent_at END) AS delivered_sent_at
  FROM s2s_audit
  WHERE sent_at IS NOT NULL AND occurred_at >= @occurred_from AND occurred_at < @occurred_to
  GROUP BY transaction_id
),

settlements AS (
  SELECT
    transaction_id, status, reason, kind, app_token, event_token, occurred_at,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id
      ORDER BY
        CASE WHEN status = 'retried' THEN 1 ELSE 0 END,
        CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
    ) AS newness
  FROM s2s_audit
  WHERE reason <> 'source_duplicate' AND occurred_at >= @occurred_from AND occurred_at < @occurred_to
)

SELECT
  settlements.transaction_id, settlements.status, settlements.reason, settlements.kind, settlements.app_token, settlements.event_token,
  UNIX_MICROS(settlements.occurred_at) AS occurred_at_micros,
  UNIX_MICROS(COALESCE(requests.delivered_sent_at, requests.last_sent_at)) AS sent_at_micros,
  UNIX_MICROS(requests.first_sent_at) AS first_sent_at_micros,
  requests.requests, requests.deliveries
FROM settlements
JOIN requests ON requests.transaction_id = settlements.transaction_id
WHERE settlements.newness = 1 AND requests.last_sent_at >= @sent_from AND requests.first_sent_at < @sent_to
