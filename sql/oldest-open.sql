-- The oldest transaction that waits or is in doubt: a full run begins no later, so that none is forgotten when the age limit passes it.
SELECT UNIX_MICROS(MIN(occurred_at)) AS oldest_micros
FROM `s2s_latest`
WHERE status IN ('deferred', 'in_doubt')
  AND occurred_at >= @audit_from
