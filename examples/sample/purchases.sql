-- A small shop: 240 customers and what they bought up to yesterday, the same on every machine but for the dates.
CREATE TABLE customers AS
SELECT
  'customer-' || n AS customer_id,
  md5('adid ' || n) AS adid,
  -- Two of three customers have an Android phone, the others an iPhone.
  CASE WHEN n % 3 > 0 THEN md5('gps ' || n) END AS gps_hex,
  CASE WHEN n % 3 = 0 THEN md5('idfa ' || n) END AS idfa_hex
FROM range(240) AS numbers(n);

CREATE TABLE purchases (
  order_id VARCHAR,
  customer_id VARCHAR,
  ordered_at TIMESTAMPTZ,
  product VARCHAR,
  amount DECIMAL(12, 2),
  currency VARCHAR
);

-- A purchase by its number: who, what and how much come from a hash.
CREATE MACRO sample_purchases(first_number, end_number, newest_hour, oldest_hour) AS TABLE
SELECT
  'order-' || n,
  'customer-' || (10 + hash(n, 'customer') % 230),
  now() - to_seconds(CAST(newest_hour * 3600 + hash(n, 'time') % ((oldest_hour - newest_hour) * 3600) AS BIGINT)),
  CASE WHEN hash(n, 'product') % 10 < 3 THEN 'subscription' ELSE 'item' END,
  CAST(1 + hash(n, 'amount') % 9900 AS DECIMAL(12, 2)) / 100,
  CASE WHEN hash(n, 'currency') % 4 = 0 THEN 'EUR' ELSE 'USD' END
FROM range(first_number, end_number) AS numbers(n);

-- Eight weeks of purchases.
INSERT INTO purchases SELECT * FROM sample_purchases(0, 1800, 26, 1344);

-- A first purchase is counted once per device.
INSERT INTO purchases
SELECT 'first-' || n, 'customer-' || n, now() - INTERVAL 50 DAY + to_minutes(n), 'first_purchase', 9.99, 'USD'
FROM range(10, 40) AS numbers(n);

INSERT INTO purchases VALUES
  -- The oldest rows: they are sent first, when the network has its worst moment.
  ('unlucky-1', 'customer-1', now() - INTERVAL 1370 HOUR, 'item', 12.00, 'USD'),
  ('unlucky-2', 'customer-1', now() - INTERVAL 1360 HOUR, 'item', 15.50, 'USD'),
  ('opted-out-1', 'customer-2', now() - INTERVAL 10 DAY, 'item', 3.00, 'USD'),
  ('late-2', 'customer-6', now() - INTERVAL 2 DAY, 'item', 7.00, 'USD');
