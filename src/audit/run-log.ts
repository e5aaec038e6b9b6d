import { MS_PER_DAY, OPEN_LOOK_BACK_DAYS } from '../domain/durations.ts'
import type { ResendMode } from '../domain/policy.ts'
import type { Counts, ReasonCount } from '../domain/settlement.ts'
import { countOf } from '../domain/shard.ts'
import { instant } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import type { QueryValue, TableRow, Warehouse } from '../warehouse/warehouse.ts'

/** What a run is, from its start. Instants are epoch milliseconds. */
export interface RunStart {
  runId: string
  shard: string
  command: string
  host: string
  pid: number
  version: string
  /** Of the lease under which it runs. */
  epoch: number
  fromMs: number
  toMs: number
  /** Neither --from nor --to was given. */
  isFullWindow: boolean
  ageLimitMs: number
  /** One app token, one event token; null for all. */
  app: string | null
  event: string | null
  resend: ResendMode
}

/** A run of which nobody has said how it ended. Instants are epoch microseconds where the name does not say otherwise. */
export interface UnfinishedRun {
  runId: string
  shard: string
  epoch: number
  startedAtMs: number
  app: string | null
  event: string | null
  resend: ResendMode
  /** Begin of its window. */
  fromMicros: number
  /** It sent no event with a later `occurred_at`. */
  claimedToMicros: number
}

export interface RunEnd {
  counts: Counts
  reasons: ReasonCount[]
  requests: number
  retries: number
  durationS: number
  /** null where the warehouse does not bill by the byte. */
  bytesBilled: number | null
  exitCode: number
}

/** Appends to `s2s_runs`, the log of runs, and reads from it. */
export class RunLog {
  readonly #warehouse: Pick<Warehouse, 'append' | 'query'>

  constructor(warehouse: Pick<Warehouse, 'append' | 'query'>) {
    this.#warehouse = warehouse
  }

  async started(run: RunStart, atMs: number): Promise<void> {
    await this.#warehouse.append('s2s_runs', [
      { ...EMPTY, ...startColumns(run), event: 'started', logged_at: instant(atMs) },
    ])
  }

  /** The run is about to send events up to this `occurred_at`, and none beyond it. */
  async claimed({ runId, shard, epoch }: RunStart, toMicros: number, atMs: number): Promise<void> {
    const claim_to = { timestampMicros: toMicros }
    await this.#warehouse.append('s2s_runs', [
      { ...EMPTY, run_id: runId, shard, epoch, event: 'claim', logged_at: instant(atMs), claim_to },
    ])
  }

  /** The runs that have claimed and not ended, of all shards, the oldest first: they were killed, or could not write. */
  async unfinished(): Promise<UnfinishedRun[]> {
    const rows = await readRows(this.#warehouse, 'unfinished-runs.sql')
    return rows.map((row) => ({
      runId: row.run_id as string,
      shard: row.shard as string,
      epoch: row.epoch as number,
      startedAtMs: (row.started_at_micros as number) / 1000,
      app: row.app_token as string | null,
      event: row.event_token as string | null,
      resend: (row.resend ?? 'none') as ResendMode,
      fromMicros: row.window_from_micros as number,
      claimedToMicros: row.claim_to_micros as number,
    }))
  }

  /** A later run has read the journal of an unfinished one (`recovered`), or done without it (`lost`): it is unfinished no more. */
  async closed(
    { runId, shard, epoch }: UnfinishedRun,
    event: 'recovered' | 'lost',
    atMs: number,
  ): Promise<void> {
    await this.#warehouse.append('s2s_runs', [
      { ...EMPTY, run_id: runId, shard, epoch, event, logged_at: instant(atMs) },
    ])
  }

  async ended(run: RunStart, end: RunEnd, atMs: number): Promise<void> {
    const { counts, reasons, requests, retries, durationS, bytesBilled, exitCode } = end
    const row: TableRow = {
      ...EMPTY,
      ...startColumns(run),
      event: 'ended',
      logged_at: instant(atMs),
      counts: JSON.stringify(counts),
      reasons: JSON.stringify(reasons),
      delivered: counts.delivered,
      requests,
      retries,
      duration_s: durationS.toFixed(3),
      bytes_billed: bytesBilled,
      exit_code: exitCode,
    }
    await this.#warehouse.append('s2s_runs', [row])
  }

  /**
   * From where earlier full runs have left work, in epoch milliseconds; null when there is none: the age limit of the last one that
   * read to its end, or the oldest transaction that is still open, whichever is earlier. A window that begins here forgets nothing that
   * has aged out since.
   */
  async owedFromMs(shard: string, nowMs: number): Promise<number | null> {
    const lastRuns = await readRows(this.#warehouse, 'last-full-runs.sql', { now: instant(nowMs) })
    const auditFrom = instant(nowMs - OPEN_LOOK_BACK_DAYS * MS_PER_DAY)
    const [open] = await readRows(this.#warehouse, 'oldest-open.sql', { audit_from: auditFrom })
    const micros = [coveredFromMicros(shard, lastRuns), open?.oldest_micros].filter(
      (value) => typeof value === 'number',
    )
    return micros.length === 0 ? null : Math.floor(Math.min(...micros) / 1000)
  }
}

/**
 * From where the devices of a shard were last read to the end, in epoch microseconds: by its own last full run, or by those of all shards
 * of one number together, of which the one that lags behind counts. The newest of these; null when nobody ever has.
 */
function coveredFromMicros(shard: string, lastRuns: readonly Record<string, QueryValue>[]): number | null {
  const byCount = Map.groupBy(lastRuns, (row) => countOf(row.shard as string))
  const own = lastRuns.filter((row) => row.shard === shard)
  // A number of which one shard never ran says nothing of that one's devices.
  const whole = [...byCount].flatMap(([count, rows]) => (rows.length === Number(count) ? [rows] : []))
  const begins = [own, ...whole].filter((rows) => rows.length > 0)
  if (begins.length === 0) return null
  return Math.max(...begins.map((rows) => Math.min(...rows.map((row) => row.age_limit_micros as number))))
}

const EMPTY: TableRow = {
  command: null,
  host: null,
  pid: null,
  version: null,
  window_from: null,
  window_to: null,
  full_window: null,
  age_limit: null,
  app_token: null,
  event_token: null,
  resend: null,
  claim_to: null,
  counts: null,
  reasons: null,
  delivered: null,
  requests: null,
  retries: null,
  duration_s: null,
  bytes_billed: null,
  exit_code: null,
}

function startColumns(run: RunStart): TableRow {
  return {
    run_id: run.runId,
    shard: run.shard,
    command: run.command,
    host: run.host,
    pid: run.pid,
    version: run.version,
    epoch: run.epoch,
    window_from: instant(run.fromMs),
    window_to: instant(run.toMs),
    full_window: run.isFullWindow,
    age_limit: instant(run.ageLimitMs),
    app_token: run.app,
    event_token: run.event,
    resend: run.resend,
  }
}
