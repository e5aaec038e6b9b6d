-- Gives the lease back: the next run need not wait.
UPDATE `s2s_lease`
SET holder = NULL, host = NULL, pid = NULL, expires_at = @now
WHERE shard = @shard AND holder = @holder AND epoch = @epoch
