-- Every transaction that has an audit row of a request: whether an export's unknown ids are ours after all, from outside the window.
SELECT transaction_id
FROM s2s_audit
WHERE attempt > 0 AND occurred_at >= @occurred_from
