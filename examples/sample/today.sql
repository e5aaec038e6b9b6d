-- What reached the warehouse since yesterday.
INSERT INTO purchases SELECT * FROM sample_purchases(1800, 2000, 1, 24);

INSERT INTO purchases VALUES
  -- Claims to be the first purchase of a customer who had one.
  ('first-11-again', 'customer-11', now() - INTERVAL 2 HOUR, 'first_purchase', 9.99, 'USD'),
  ('unlucky-3', 'customer-1', now() - INTERVAL 5 HOUR, 'item', 8.25, 'USD'),
  ('opted-out-2', 'customer-2', now() - INTERVAL 3 HOUR, 'item', 4.00, 'USD'),
  -- The app was installed after this.
  ('too-early-1', 'customer-3', now() - INTERVAL 4 HOUR, 'item', 5.00, 'USD'),
  -- What every real table has: a refund, a price without a currency, a customer without a device.
  ('refund-1', 'customer-4', now() - INTERVAL 6 HOUR, 'item', -19.99, 'USD'),
  ('no-currency-1', 'customer-5', now() - INTERVAL 6 HOUR, 'item', 19.99, NULL),
  ('no-device-1', 'walk-in', now() - INTERVAL 6 HOUR, 'item', 19.99, 'USD'),
  -- A day late: behind a purchase of its device that is delivered already, and too old by now.
  ('late-1', 'customer-6', now() - INTERVAL 3 DAY, 'item', 6.00, 'USD'),
  ('too-old-1', 'customer-7', now() - INTERVAL 1400 HOUR, 'item', 6.00, 'USD');
