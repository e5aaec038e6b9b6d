-- Who may send, shard by shard. Two first runs at the same instant may have made a row each: the one with the highest epoch counts.
SELECT
  shard, holder, host, pid, epoch,
  UNIX_MICROS(acquired_at) AS acquired_at_micros,
  UNIX_MICROS(expires_at) AS expires_at_micros
FROM (
  SELECT
    shard, holder, host, pid, epoch, acquired_at, expires_at,
    ROW_NUMBER() OVER (PARTITION BY shard ORDER BY epoch DESC, expires_at DESC) AS place
  FROM `s2s_lease`
) AS placed
WHERE place = 1
ORDER BY shard
