import type { Counts, ReasonCount } from '../domain/settlement.ts'
import { readQuery } from '../warehouse/queries.ts'
import type { TableRow, Warehouse } from '../warehouse/warehouse.ts'

/** What a run is, from its start. Instants are epoch milliseconds. */
export interface RunStart {
  runId: string
  shard: string
  command: string
  host: string
  pid: number
  version: string
  fromMs: number
  toMs: number
  /** Neither --from nor --to was given. */
  isFullWindow: boolean
  ageLimitMs: number
}

export interface RunEnd {
  counts: Counts
  reasons: ReasonCount[]
  requests: number
  retries: number
  durationS: number
  exitCode: number
}

/** Appends to `s2s_runs`, the log of runs. */
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

  async ended(run: RunStart, end: RunEnd, atMs: number): Promise<void> {
    const { counts, reasons, requests, retries, durationS, exitCode } = end
    const row: TableRow = {
      ...EMPTY,
      ...startColumns(run),
      event: 'ended',
      logged_at: instant(atMs),
      counts: JSON.stringify(counts),
      reasons: JSON.stringify(reasons),
      requests,
      retries,
      duration_s: durationS.toFixed(3),
      exit_code: exitCode,
    }
    await this.#warehouse.append('s2s_runs', [row])
  }

  /**
   * The age limit of the last run over the full window that read to its end, in epoch milliseconds; null when there was none.
   * What that run left unsettled is no older, so a window that begins here forgets nothing that has aged out since.
   */
  async lastFullAgeLimitMs(shard: string): Promise<number | null> {
    const query = this.#warehouse.query(readQuery('last-full-run.sql'), {
      name: 'last-full-run.sql',
      parameters: { shard },
    })
    for await (const { columns } of query) {
      const micros = columns.age_limit_micros?.[0]
      if (typeof micros === 'number') return micros / 1000
    }
    return null
  }
}

const EMPTY: TableRow = {
  claim_to: null,
  epoch: null,
  counts: null,
  reasons: null,
  requests: null,
  retries: null,
  duration_s: null,
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
    window_from: instant(run.fromMs),
    window_to: instant(run.toMs),
    full_window: run.isFullWindow,
    age_limit: instant(run.ageLimitMs),
  }
}

function instant(ms: number): { timestampMicros: number } {
  return { timestampMicros: Math.round(ms * 1000) }
}
