export type ColumnType = 'string' | 'int64' | 'numeric' | 'bool' | 'timestamp' | 'string[]'

export interface Column {
  name: string
  type: ColumnType
  /** NULL is refused. */
  required?: true
  description: string
}

export interface Table {
  name: string
  description: string
  columns: readonly Column[]
  /** BigQuery: the TIMESTAMP whose UTC day names the partition. */
  partitionBy?: string
  clusterBy?: readonly string[]
}

export interface View {
  name: string
  description: string
  /** GoogleSQL in the subset of `translate.ts`. */
  query: string
}

const required = true as const

export const AUDIT_TABLE: Table = {
  name: 's2s_audit',
  description:
    'What became of every transaction: one row a settlement, and one an attempt that was followed by another. Append-only.',
  partitionBy: 'occurred_at',
  clusterBy: ['transaction_id'],
  columns: [
    {
      name: 'audit_id',
      type: 'string',
      required,
      description: 'Names the row; the same one may stand here twice after a crash.',
    },
    { name: 'run_id', type: 'string', required, description: 'The run that wrote it.' },
    { name: 'transaction_id', type: 'string', required, description: 'transaction_id of the source row.' },
    {
      name: 'status',
      type: 'string',
      required,
      description:
        'delivered, duplicate, rejected, invalid, expired, late, suppressed, abandoned, in_doubt, deferred; or retried.',
    },
    { name: 'reason', type: 'string', required, description: 'Why, as a stable code.' },
    { name: 'http_status', type: 'int64', description: 'Status of the answer; NULL when there was none.' },
    { name: 'message', type: 'string', description: "Adjust's own words, or what broke." },
    {
      name: 'attempt',
      type: 'int64',
      required,
      description: 'Which request for this transaction it was, over all runs; 0 when none was made.',
    },
    { name: 'kind', type: 'string', description: 'event, ad_revenue or session.' },
    { name: 'app_token', type: 'string', description: "Adjust's app token." },
    { name: 'event_token', type: 'string', description: "Adjust's event token." },
    { name: 'device', type: 'string', description: 'The one name under which all of device_names go.' },
    {
      name: 'device_names',
      type: 'string[]',
      description: 'Kind and SHA-256 of every identifier that is known of the device.',
    },
    {
      name: 'identifiers',
      type: 'string',
      description: 'JSON of the plain identifiers; only with audit.identifiers: plain.',
    },
    { name: 'occurred_at', type: 'timestamp', description: 'occurred_at of the source row.' },
    {
      name: 'revenue',
      type: 'numeric',
      description: 'In full currency units; NULL when there was none, or no number.',
    },
    { name: 'currency', type: 'string', description: 'ISO 4217.' },
    { name: 'sent_at', type: 'timestamp', description: 'When the request began.' },
    { name: 'settled_at', type: 'timestamp', required, description: 'When the outcome was known.' },
    { name: 'latency_ms', type: 'int64', description: 'From the request to the answer.' },
    {
      name: 'warnings',
      type: 'string[]',
      description: 'Things worth knowing that did not stop it, as stable codes.',
    },
  ],
}

export const RUNS_TABLE: Table = {
  name: 's2s_runs',
  description:
    'The log of runs: one row when a run starts, one before it sends further than before (a claim), and one when it ends. Append-only.',
  columns: [
    { name: 'run_id', type: 'string', required, description: 'Names the run.' },
    { name: 'shard', type: 'string', required, description: 'i/n, the part of the devices that it takes.' },
    {
      name: 'event',
      type: 'string',
      required,
      description:
        'started; claim; ended; or, written by a later run: recovered (its journal was found and read), lost (it was not).',
    },
    { name: 'logged_at', type: 'timestamp', required, description: 'When the row was written.' },
    { name: 'command', type: 'string', description: 'The command line, without secrets.' },
    { name: 'host', type: 'string', description: 'Host name of the process.' },
    { name: 'pid', type: 'int64', description: 'Process id on that host.' },
    { name: 'window_from', type: 'timestamp', description: 'Begin of the window (occurred_at), inclusive.' },
    { name: 'window_to', type: 'timestamp', description: 'End of the window (occurred_at), exclusive.' },
    { name: 'full_window', type: 'bool', description: 'Neither --from nor --to was given.' },
    { name: 'age_limit', type: 'timestamp', description: 'Rows older than this instant are not sent.' },
    { name: 'app_token', type: 'string', description: 'The one app that it sent for; NULL for all.' },
    { name: 'event_token', type: 'string', description: 'The one event token that it sent; NULL for all.' },
    {
      name: 'resend',
      type: 'string',
      description: 'What it sent though it was settled: none, failed or all.',
    },
    {
      name: 'claim_to',
      type: 'timestamp',
      description: 'Sending has gone up to this occurred_at, written ahead.',
    },
    { name: 'epoch', type: 'int64', description: 'Epoch of the lease under which it ran.' },
    { name: 'counts', type: 'string', description: 'JSON: rows read and settled, by status.' },
    { name: 'reasons', type: 'string', description: 'JSON: list of status, reason and count.' },
    { name: 'delivered', type: 'int64', description: 'Events that Adjust took: delivered in counts.' },
    { name: 'requests', type: 'int64', description: 'Requests that were made.' },
    { name: 'retries', type: 'int64', description: 'Requests that repeated another.' },
    { name: 'duration_s', type: 'numeric', description: 'Seconds from start to end.' },
    {
      name: 'bytes_billed',
      type: 'int64',
      description: 'Bytes billed for its queries; NULL where the warehouse does not bill by the byte.',
    },
    { name: 'exit_code', type: 'int64', description: 'What the process told the scheduler.' },
    { name: 'version', type: 'string', description: 'Version of the program.' },
  ],
}

export const LEASE_TABLE: Table = {
  name: 's2s_lease',
  description: 'Who may send: one row a shard.',
  columns: [
    { name: 'shard', type: 'string', required, description: 'i/n' },
    { name: 'holder', type: 'string', description: 'The run that holds it; NULL when it was given back.' },
    { name: 'host', type: 'string', description: 'Host name of its process.' },
    { name: 'pid', type: 'int64', description: 'Process id on that host.' },
    { name: 'epoch', type: 'int64', required, description: 'Goes up by one with every holder.' },
    { name: 'acquired_at', type: 'timestamp', description: 'When the holder took it.' },
    {
      name: 'expires_at',
      type: 'timestamp',
      required,
      description: 'From then on another may take it; the holder stops a good while before.',
    },
  ],
}

/**
 * Which audit row of a transaction says what became of it. Delivered once is delivered for good, whatever a second sending met; then
 * the last request counts, not the clock of the machine that wrote the row; a wait says less than an outcome, but for one that evidence
 * has opened again (`EVIDENCE_REASONS`). `sql/extract.sql` orders in the same way.
 */
export const LATEST_FIRST =
  "CASE WHEN status = 'delivered' THEN 0 ELSE 1 END, attempt DESC, " +
  "CASE WHEN status = 'deferred' AND reason NOT IN ('resolved_not_delivered', 'absent_from_export') THEN 1 ELSE 0 END, " +
  'settled_at DESC, audit_id DESC'

/** The first row of a `transaction_id` carries its outcome, so neither its copies nor its attempts count. */
export const LATEST_VIEW: View = {
  name: 's2s_latest',
  description: 'What became of each transaction: its newest settlement.',
  query: `SELECT ${AUDIT_TABLE.columns.map((column) => column.name).join(', ')}
FROM (
  SELECT *, ROW_NUMBER() OVER (
    PARTITION BY transaction_id
    ORDER BY ${LATEST_FIRST}
  ) AS newness
  FROM s2s_audit
  WHERE status <> 'retried' AND reason <> 'source_duplicate'
) AS settlements
WHERE newness = 1`,
}

export const TABLES: readonly Table[] = [AUDIT_TABLE, RUNS_TABLE, LEASE_TABLE]
export const VIEWS: readonly View[] = [LATEST_VIEW]
