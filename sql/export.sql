-- The rows of Adjust's raw data export that has been loaded into a table. {{source}} is that table in the warehouse's own dialect, its
-- columns under names of the source contract: the export's time in occurred_at where it is an instant, as text in parameters where not.
SELECT
  transaction_id, app_token, event_token,
  UNIX_MICROS(occurred_at) AS reported_at_micros,
  parameters AS reported_at_text
FROM ({{source}}) AS source
