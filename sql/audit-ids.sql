-- Which audit rows of a run the warehouse has: what the journal of a crashed process still has to add.
SELECT audit_id
FROM `s2s_audit`
WHERE run_id = @run_id
