import type { Counts, ReasonCount } from '../domain/settlement.ts'
import { FIRST_INSTANT_MS, LAST_INSTANT_MS, millis } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import type { QueryValue, Warehouse } from '../warehouse/warehouse.ts'

/** What the log of runs says of one run. Instants are epoch milliseconds; null is what nobody has written. */
export interface RunRecord {
  runId: string
  shard: string
  command: string | null
  host: string | null
  pid: number | null
  version: string | null
  app: string | null
  event: string | null
  resend: string | null
  startedAtMs: number
  endedAtMs: number | null
  /** A later run has read its journal. */
  recoveredAtMs: number | null
  /** A later run had to do without its journal. */
  lostAtMs: number | null
  windowFromMs: number | null
  windowToMs: number | null
  claimedToMs: number | null
  exitCode: number | null
  counts: Counts | null
  reasons: ReasonCount[]
  requests: number | null
  retries: number | null
  durationS: number | null
  bytesBilled: number | null
}

export interface RunFilter {
  /** A regular expression that the run id matches. */
  pattern?: string
  shard?: string
  endedOnly?: boolean
  startedFromMs?: number
  startedToMs?: number
  limit: number
}

/** The newest runs that match, the newest first. */
export async function readRuns(warehouse: Pick<Warehouse, 'query'>, filter: RunFilter): Promise<RunRecord[]> {
  const { pattern = '', shard = '', endedOnly = false, limit } = filter
  const { startedFromMs = FIRST_INSTANT_MS, startedToMs = LAST_INSTANT_MS } = filter
  const rows = await readRows(warehouse, 'report/runs.sql', {
    pattern,
    shard,
    ended_only: endedOnly,
    started_from: { timestampMicros: Math.ceil(startedFromMs * 1000) },
    started_to: { timestampMicros: Math.floor(startedToMs * 1000) },
    row_limit: limit,
  })
  return rows.map(recordOf)
}

function recordOf(row: Record<string, QueryValue>): RunRecord {
  return {
    runId: row.run_id as string,
    shard: row.shard as string,
    command: row.command as string | null,
    host: row.host as string | null,
    pid: row.pid as number | null,
    version: row.version as string | null,
    app: row.app_token as string | null,
    event: row.event_token as string | null,
    resend: row.resend as string | null,
    startedAtMs: millis(row.started_at_micros)!,
    endedAtMs: millis(row.ended_at_micros),
    recoveredAtMs: millis(row.recovered_at_micros),
    lostAtMs: millis(row.lost_at_micros),
    windowFromMs: millis(row.window_from_micros),
    windowToMs: millis(row.window_to_micros),
    claimedToMs: millis(row.claim_to_micros),
    exitCode: row.exit_code as number | null,
    counts: parsed<Counts>(row.counts),
    reasons: parsed<ReasonCount[]>(row.reasons) ?? [],
    requests: row.requests as number | null,
    retries: row.retries as number | null,
    durationS: row.duration_s === null ? null : Number(row.duration_s),
    bytesBilled: row.bytes_billed as number | null,
  }
}

function parsed<T>(json: QueryValue | undefined): T | null {
  return typeof json === 'string' ? JSON.parse(json) : null
}
