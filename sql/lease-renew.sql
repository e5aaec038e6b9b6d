-- Lets the holder keep the lease for longer. A renewal that reaches the warehouse after a later one must not shorten it again.
UPDATE `s2s_lease`
SET expires_at = @expires_at
WHERE shard = @shard AND holder = @holder AND epoch = @epoch AND expires_at <= @expires_at
