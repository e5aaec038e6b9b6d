-- How many rows the audit table has. BigQuery knows that without reading any.
SELECT COUNT(*) AS audit_rows
FROM s2s_audit
