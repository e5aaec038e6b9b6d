-- The rows of the window that no audit row settles, in the order in which they are to be sent, with all that earlier runs know
-- of them. {{source}} is the user's SELECT in the shape of the source contract, in the warehouse's own dialect.
-- The audit table is bounded by its partition column wherever it is read, so that BigQuery reads (and bills) the newest partitions
-- only. Instants come as parameters; names of devices are made as deviceName() in src/domain/device-name.ts makes them.
WITH
-- First of all, so that no name given here can hide a table of the user's.
-- A value may begin with a byte order mark (U+FEFF, 65279), as the first one of a file does, and a client may drop it as it reads: an
-- id that is compared with the mark and audited without it would be sent in every run.
unmarked AS (
  SELECT
    occurred_at,
    LTRIM(transaction_id, CHR(65279)) AS transaction_id,
    LTRIM(kind, CHR(65279)) AS kind,
    LTRIM(app_token, CHR(65279)) AS app_token,
    LTRIM(event_token, CHR(65279)) AS event_token,
    LTRIM(adid, CHR(65279)) AS adid,
    LTRIM(idfa, CHR(65279)) AS idfa,
    LTRIM(idfv, CHR(65279)) AS idfv,
    LTRIM(gps_adid, CHR(65279)) AS gps_adid,
    LTRIM(android_id, CHR(65279)) AS android_id,
    LTRIM(fire_adid, CHR(65279)) AS fire_adid,
    LTRIM(oaid, CHR(65279)) AS oaid,
    LTRIM(web_uuid, CHR(65279)) AS web_uuid,
    LTRIM(external_device_id, CHR(65279)) AS external_device_id,
    LTRIM(device_id, CHR(65279)) AS device_id,
    LTRIM(revenue, CHR(65279)) AS revenue,
    LTRIM(currency, CHR(65279)) AS currency,
    LTRIM(ip_address, CHR(65279)) AS ip_address,
    LTRIM(user_agent, CHR(65279)) AS user_agent,
    LTRIM(os_name, CHR(65279)) AS os_name,
    LTRIM(callback_params, CHR(65279)) AS callback_params,
    LTRIM(partner_params, CHR(65279)) AS partner_params,
    LTRIM(parameters, CHR(65279)) AS parameters,
    LTRIM(environment, CHR(65279)) AS environment
  FROM ({{source}}) AS source
),

windowed AS (
  SELECT
    -- A row without an id gets one that the next run makes again, so that it is not reported twice.
    COALESCE(
      NULLIF(transaction_id, ''),
      '(missing) ' || COALESCE(CAST(UNIX_MICROS(occurred_at) AS STRING), 'no time')
        || ' ' || COALESCE(app_token, '') || ' ' || COALESCE(event_token, '')
    ) AS transaction_id,
    transaction_id IS NULL OR transaction_id = '' AS transaction_id_missing,
    occurred_at, UNIX_MICROS(occurred_at) AS occurred_at_micros,
    kind, app_token, event_token,
    adid, idfa, idfv, gps_adid, android_id, fire_adid, oaid, web_uuid, external_device_id, device_id,
    revenue, currency, ip_address, user_agent, os_name, callback_params, partner_params, parameters, environment
  FROM unmarked
  WHERE (
      (occurred_at >= @window_from AND occurred_at < @window_to)
      -- No window holds a row without a time or with one that never comes: a run over everything takes them up.
      OR (@full_window AND (occurred_at IS NULL OR occurred_at > @future))
    )
    AND (@app = '' OR app_token = @app)
    AND (@event = '' OR event_token = @event)
    AND (@transaction = '' OR transaction_id = @transaction)
),

-- One row a transaction: its newest settlement, or its newest attempt when a run died before there was one.
-- Copies in the source share the transaction_id with the row that was sent, and say nothing of its outcome.
ledger AS (
  SELECT transaction_id, run_id, status, reason, message, settled_at, attempts, first_sent_at
  FROM (
    SELECT
      transaction_id, run_id, status, reason, message, settled_at,
      MAX(attempt) OVER (PARTITION BY transaction_id) AS attempts,
      MIN(sent_at) OVER (PARTITION BY transaction_id) AS first_sent_at,
      ROW_NUMBER() OVER (
        PARTITION BY transaction_id
        ORDER BY
          CASE WHEN reason = 'source_duplicate' THEN 2 WHEN status = 'retried' THEN 1 ELSE 0 END,
          CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
      ) AS place
    FROM s2s_audit
    WHERE occurred_at IS NULL OR occurred_at >= @audit_from
  ) AS placed
  WHERE place = 1 AND reason <> 'source_duplicate'
),

open_rows AS (
  SELECT
    windowed.transaction_id, transaction_id_missing, occurred_at, occurred_at_micros, kind, app_token, event_token,
    adid, idfa, idfv, gps_adid, android_id, fire_adid, oaid, web_uuid, external_device_id, device_id,
    revenue, currency, ip_address, user_agent, os_name, callback_params, partner_params, parameters, environment,
    ledger.run_id AS earlier_run_id, ledger.status AS earlier_status, ledger.reason AS earlier_reason,
    ledger.message AS earlier_message, ledger.attempts AS earlier_attempts,
    UNIX_MICROS(ledger.first_sent_at) AS earlier_first_sent_at_micros,
    UNIX_MICROS(ledger.settled_at) AS earlier_settled_at_micros,
    -- '0.00' and '0e5' are no revenue; what is no number counts as some, for nobody knows what is at stake.
    revenue IS NOT NULL AND REGEXP_CONTAINS(revenue, '^[^eE]*[^-+.0 eE]') AS has_revenue,
    CASE
      WHEN kind IS NULL OR TRIM(kind) = '' OR kind = 'event' THEN event_token
      WHEN kind = 'session' THEN ' session'
    END AS scope
  FROM windowed
  LEFT JOIN ledger ON ledger.transaction_id = windowed.transaction_id
  WHERE ledger.transaction_id IS NULL
    OR ledger.status IN ('in_doubt', 'deferred', 'retried')
    OR (@resend_failed AND ledger.status IN ('rejected', 'invalid'))
    OR @resend_all
),

-- The first of the rows that share a transaction_id is sent. Every column counts, so that each run takes the same one.
numbered AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY transaction_id
      ORDER BY
        CASE WHEN occurred_at_micros IS NULL THEN 1 ELSE 0 END, occurred_at_micros, app_token, event_token, revenue, kind,
        adid, idfa, idfv, gps_adid, android_id, fire_adid, oaid, web_uuid, external_device_id, device_id,
        currency, ip_address, user_agent, os_name, callback_params, partner_params, parameters, environment
    ) AS copy_number
  FROM open_rows
),

-- Those of the shard's devices. Only now, for all shards must take the same one of several copies for the first.
candidates AS (
  SELECT *
  FROM numbered
  WHERE @shard_from = '' OR (
    TO_HEX(SHA256(COALESCE(LTRIM(TRIM(device_id), CHR(65279)), ''))) >= @shard_from
    AND TO_HEX(SHA256(COALESCE(LTRIM(TRIM(device_id), CHR(65279)), ''))) < @shard_to
  )
),

-- The names of the candidates that the audit table knows; all others cannot meet anything in it.
-- An id of nothing but zeros is that of every device whose owner opted out, and names none.
own_names AS (
  SELECT transaction_id, app_token, occurred_at, scope, has_revenue, name
  FROM (
    SELECT
      transaction_id, app_token, occurred_at, scope, has_revenue,
      id_kind || ':' || TO_HEX(SHA256(
        CASE WHEN id_kind IN ('external_device_id', 'device_id') THEN id ELSE LOWER(REPLACE(id, '-', '')) END
      )) AS name
    FROM (
      SELECT
        transaction_id, app_token, occurred_at, scope, has_revenue, id_kind,
        -- Once more: what stood behind a blank must not be in a name that is made here and not in the one that deviceName() makes.
        LTRIM(TRIM(id), CHR(65279)) AS id
      FROM (
        SELECT
          transaction_id, app_token, occurred_at, scope, has_revenue, id_kind,
          CASE id_kind
            WHEN 'adid' THEN adid WHEN 'idfa' THEN idfa WHEN 'idfv' THEN idfv WHEN 'gps_adid' THEN gps_adid
            WHEN 'android_id' THEN android_id WHEN 'fire_adid' THEN fire_adid WHEN 'oaid' THEN oaid
            WHEN 'web_uuid' THEN web_uuid WHEN 'external_device_id' THEN external_device_id ELSE device_id
          END AS id
        FROM candidates
        CROSS JOIN UNNEST([
          'adid', 'idfa', 'idfv', 'gps_adid', 'android_id', 'fire_adid', 'oaid', 'web_uuid', 'external_device_id', 'device_id'
        ]) AS id_kind
        WHERE copy_number = 1
      ) AS given
    ) AS ids
    WHERE REGEXP_CONTAINS(id, '[^0-]')
  ) AS named
  WHERE name IN (
    SELECT name FROM s2s_audit CROSS JOIN UNNEST(device_names) AS name
    WHERE occurred_at IS NULL OR occurred_at >= @audit_from
  )
),

-- A name leads to the one name under which all names of its device went at that time.
links AS (
  SELECT DISTINCT name, device
  FROM s2s_audit CROSS JOIN UNNEST(device_names) AS name
  WHERE name <> device AND (occurred_at IS NULL OR occurred_at >= @audit_from)
),

-- Two steps: a device's one name may itself have come under another one later.
row_names AS (
  SELECT transaction_id, app_token, occurred_at, scope, has_revenue, name FROM own_names
  UNION DISTINCT
  SELECT transaction_id, app_token, occurred_at, scope, has_revenue, links.device AS name
  FROM own_names JOIN links ON links.name = own_names.name
  UNION DISTINCT
  SELECT transaction_id, app_token, occurred_at, scope, has_revenue, further.device AS name
  FROM own_names JOIN links ON links.name = own_names.name JOIN links AS further ON further.name = links.device
),

known_names AS (
  SELECT row_names.transaction_id, STRING_AGG(row_names.name, ' ' ORDER BY row_names.name) AS names
  FROM row_names
  LEFT JOIN own_names ON own_names.transaction_id = row_names.transaction_id AND own_names.name = row_names.name
  WHERE own_names.name IS NULL
  GROUP BY row_names.transaction_id
),

-- Events whose outcome is unknown and that are still waited for.
open_doubts AS (
  SELECT audit_id
  FROM (
    SELECT
      audit_id, status, revenue,
      ROW_NUMBER() OVER (
        PARTITION BY transaction_id
        ORDER BY CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, settled_at DESC, audit_id DESC
      ) AS place
    FROM s2s_audit
    WHERE status <> 'retried' AND reason <> 'source_duplicate'
      AND (occurred_at IS NULL OR occurred_at >= @audit_from)
      AND transaction_id IN (
        SELECT transaction_id FROM s2s_audit
        WHERE status = 'in_doubt' AND settled_at > @in_doubt_since
          AND (occurred_at IS NULL OR occurred_at >= @audit_from)
      )
  ) AS placed
  WHERE place = 1 AND status = 'in_doubt'
    AND ((revenue IS NOT NULL AND @revenue_blocks) OR (revenue IS NULL AND @other_blocks))
),

-- Audit rows that matter to other events of the device.
evidence AS (
  SELECT
    transaction_id, app_token, device_names, occurred_at,
    revenue IS NOT NULL AS has_revenue,
    -- What an event must be in order with, besides the revenue of its device. Ad revenue has no order.
    CASE kind WHEN 'event' THEN event_token WHEN 'session' THEN ' session' END AS scope,
    status = 'delivered' AS delivered,
    reason = 'device_opted_out' AS opted_out,
    audit_id IN (SELECT audit_id FROM open_doubts) AS in_doubt
  FROM s2s_audit
  WHERE (status IN ('delivered', 'in_doubt') OR reason = 'device_opted_out')
    AND (occurred_at IS NULL OR occurred_at >= @audit_from)
),

-- The same by name, where it is a name of a candidate. The names of an audit row lead further, as a candidate's do.
named_evidence AS (
  SELECT transaction_id, app_token, occurred_at, has_revenue, scope, delivered, opted_out, in_doubt, name
  FROM evidence CROSS JOIN UNNEST(device_names) AS name
  WHERE name IN (SELECT name FROM row_names)
  UNION ALL
  SELECT transaction_id, app_token, occurred_at, has_revenue, scope, delivered, opted_out, in_doubt, links.device AS name
  FROM evidence CROSS JOIN UNNEST(device_names) AS member JOIN links ON links.name = member
  WHERE links.device IN (SELECT name FROM row_names)
),

-- Once for its own scope, and once more for revenue, which is in order across all tokens.
scoped_evidence AS (
  SELECT transaction_id, app_token, occurred_at, scope, delivered, in_doubt, name
  FROM named_evidence
  WHERE scope IS NOT NULL
  UNION ALL
  SELECT transaction_id, app_token, occurred_at, ' revenue' AS scope, delivered, in_doubt, name
  FROM named_evidence
  WHERE has_revenue AND scope IS NOT NULL AND scope <> ' session'
),

-- The two newest transactions are enough: one of them is not the row itself.
newest_delivered AS (
  SELECT app_token, name, scope, transaction_id, occurred_at
  FROM (
    SELECT
      app_token, name, scope, transaction_id, occurred_at,
      ROW_NUMBER() OVER (PARTITION BY app_token, name, scope ORDER BY occurred_at DESC, transaction_id DESC) AS place
    FROM (
      SELECT app_token, name, scope, transaction_id, MAX(occurred_at) AS occurred_at
      FROM scoped_evidence
      -- What is no later than the first of them is later than none.
      WHERE delivered AND occurred_at > (SELECT MIN(occurred_at) FROM row_names)
      GROUP BY app_token, name, scope, transaction_id
    ) AS delivered_once
  ) AS placed
  WHERE place <= 2
),

later_delivered AS (
  SELECT row_names.transaction_id, MAX(newest_delivered.occurred_at) AS occurred_at
  FROM row_names
  JOIN newest_delivered
    ON newest_delivered.app_token = row_names.app_token AND newest_delivered.name = row_names.name
  WHERE (newest_delivered.scope = row_names.scope OR (newest_delivered.scope = ' revenue' AND row_names.has_revenue AND row_names.scope <> ' session'))
    AND newest_delivered.transaction_id <> row_names.transaction_id
    AND newest_delivered.occurred_at > row_names.occurred_at
  GROUP BY row_names.transaction_id
),

-- The first and the last in the alphabet are enough, for the same reason.
open_in_doubt AS (
  SELECT app_token, name, scope, MIN(transaction_id) AS one, MAX(transaction_id) AS other
  FROM scoped_evidence
  WHERE in_doubt
  GROUP BY app_token, name, scope
),

waiting AS (
  SELECT
    row_names.transaction_id,
    MIN(CASE WHEN open_in_doubt.one <> row_names.transaction_id THEN open_in_doubt.one ELSE open_in_doubt.other END) AS waits_for
  FROM row_names
  JOIN open_in_doubt ON open_in_doubt.app_token = row_names.app_token AND open_in_doubt.name = row_names.name
  WHERE (open_in_doubt.scope = row_names.scope OR (open_in_doubt.scope = ' revenue' AND row_names.has_revenue AND row_names.scope <> ' session'))
    AND (open_in_doubt.one <> row_names.transaction_id OR open_in_doubt.other <> row_names.transaction_id)
  GROUP BY row_names.transaction_id
),

opted_out AS (
  SELECT DISTINCT row_names.transaction_id
  FROM row_names
  JOIN named_evidence ON named_evidence.app_token = row_names.app_token AND named_evidence.name = row_names.name
  WHERE named_evidence.opted_out
),

-- All that the audit table knows of a candidate's device. Most have nothing, and no row here.
known AS (
  SELECT
    named.transaction_id, known_names.names, later_delivered.occurred_at AS later_delivered_at, waiting.waits_for,
    opted_out.transaction_id IS NOT NULL AS device_opted_out
  FROM (SELECT DISTINCT transaction_id FROM row_names) AS named
  LEFT JOIN known_names ON known_names.transaction_id = named.transaction_id
  LEFT JOIN later_delivered ON later_delivered.transaction_id = named.transaction_id
  LEFT JOIN waiting ON waiting.transaction_id = named.transaction_id
  LEFT JOIN opted_out ON opted_out.transaction_id = named.transaction_id
  WHERE known_names.names IS NOT NULL OR later_delivered.occurred_at IS NOT NULL OR waiting.waits_for IS NOT NULL
    OR opted_out.transaction_id IS NOT NULL
)

SELECT
  candidates.transaction_id, transaction_id_missing, occurred_at_micros, kind, app_token, event_token,
  NULLIF(LTRIM(TRIM(adid), CHR(65279)), '') AS adid,
  NULLIF(LTRIM(TRIM(idfa), CHR(65279)), '') AS idfa,
  NULLIF(LTRIM(TRIM(idfv), CHR(65279)), '') AS idfv,
  NULLIF(LTRIM(TRIM(gps_adid), CHR(65279)), '') AS gps_adid,
  NULLIF(LTRIM(TRIM(android_id), CHR(65279)), '') AS android_id,
  NULLIF(LTRIM(TRIM(fire_adid), CHR(65279)), '') AS fire_adid,
  NULLIF(LTRIM(TRIM(oaid), CHR(65279)), '') AS oaid,
  NULLIF(LTRIM(TRIM(web_uuid), CHR(65279)), '') AS web_uuid,
  NULLIF(LTRIM(TRIM(external_device_id), CHR(65279)), '') AS external_device_id,
  NULLIF(LTRIM(TRIM(device_id), CHR(65279)), '') AS device_id,
  revenue, currency, ip_address, user_agent, os_name, callback_params, partner_params, parameters, environment,
  copy_number > 1 AS source_duplicate,
  earlier_run_id, earlier_status, earlier_reason, earlier_message, earlier_attempts, earlier_first_sent_at_micros, earlier_settled_at_micros,
  known.names AS known_device_names,
  UNIX_MICROS(known.later_delivered_at) AS later_delivered_at_micros,
  known.waits_for AS waits_for_in_doubt,
  COALESCE(known.device_opted_out, FALSE) AS device_opted_out
FROM candidates
LEFT JOIN known ON known.transaction_id = candidates.transaction_id
ORDER BY occurred_at_micros, transaction_id, copy_number
LIMIT @row_limit
