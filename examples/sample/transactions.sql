-- The source contract: one row a transaction, columns named as adjust-s2s expects them.
SELECT
  purchases.order_id AS transaction_id,
  purchases.ordered_at AS occurred_at,
  'abc123def456' AS app_token,
  CASE purchases.product WHEN 'subscription' THEN 'sub001' WHEN 'first_purchase' THEN 'first1' ELSE 'item01' END AS event_token,
  customers.adid,
  regexp_replace(customers.gps_hex, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5') AS gps_adid,
  regexp_replace(customers.idfa_hex, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5') AS idfa,
  purchases.amount AS revenue,
  purchases.currency,
  json_object('product', purchases.product) AS callback_params
FROM purchases
LEFT JOIN customers ON customers.customer_id = purchases.customer_id
