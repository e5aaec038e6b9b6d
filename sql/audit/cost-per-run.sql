-- Cost per run: what the queries of each of the newest runs that ended cost at BigQuery's on-demand price, and what that is for 1,000
-- delivered events. Bytes are NULL where the warehouse does not bill by the byte. An estimate: storage, the Storage APIs and
-- discounts are not in it.
-- Parameters: usd_per_tib (STRING), the price of a TiB in US dollars, such as 6.25; row_limit (INT64), at most so many runs.
SELECT
  run_id,
  FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', ended_at) AS ended_at,
  requests, delivered, bytes_billed,
  usd_micros * CAST('0.001' AS NUMERIC) * CAST('0.001' AS NUMERIC) AS usd,
  usd_micros_per_1000 * CAST('0.001' AS NUMERIC) * CAST('0.001' AS NUMERIC) AS usd_per_1000_delivered
FROM (
  SELECT
    run_id, ended_at, requests, delivered, bytes_billed,
    DIV((billed_mib * usd_micros_per_tib), 1048576) AS usd_micros,
    DIV(DIV((billed_mib * usd_micros_per_tib * 1000), 1048576), NULLIF(delivered, 0)) AS usd_micros_per_1000
  FROM (
    SELECT
      run_id, logged_at AS ended_at, requests, delivered, bytes_billed,
      -- BigQuery bills whole MiB, 1,048,576 of which are a TiB: in these units even a PiB stays within INT64.
      DIV(bytes_billed, 1048576) AS billed_mib,
      CAST(CAST(@usd_per_tib AS NUMERIC) * 1000000 AS INT64) AS usd_micros_per_tib,
      -- A row that was appended twice after a lost answer is one run.
      ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY logged_at DESC) AS place
    FROM s2s_runs
    WHERE event = 'ended'
  ) AS ended
  WHERE place = 1
) AS priced
ORDER BY UNIX_MICROS(priced.ended_at) DESC, run_id DESC
LIMIT @row_limit
