-- Makes a run the holder, if the lease is still as it was seen: nobody has taken or renewed it since.
-- BigQuery has no unique keys, so two first runs may have made a row each. All rows of the shard are looked at and all are set, so
-- a second one never lets a second holder in: it is the same lease written twice.
UPDATE `s2s_lease`
SET holder = @holder, host = @host, pid = @pid, epoch = @seen_epoch + 1, acquired_at = @now, expires_at = @expires_at
WHERE shard = @shard
  AND NOT EXISTS (
    SELECT 1
    FROM `s2s_lease` AS newer
    WHERE newer.shard = @shard AND (newer.epoch > @seen_epoch OR newer.expires_at > @seen_expires_at)
  )
