-- Makes the row of a shard that never had one; nobody holds it yet.
INSERT INTO `s2s_lease` (shard, epoch, expires_at)
SELECT @shard, 0, @now
FROM (SELECT 1 AS one) AS once
WHERE NOT EXISTS (SELECT 1 FROM `s2s_lease` AS present WHERE present.shard = @shard)
