import type { RunLog } from './audit/run-log.ts'
import type { Config } from './config.ts'
import { TerminalError } from './domain/errors.ts'
import type { ResendMode } from './domain/policy.ts'
import { type Shard, shardName, WHOLE } from './domain/shard.ts'
import {
  checkContract,
  type ExtractOptions,
  estimateExtract,
  extract,
  loadSource,
} from './extract/extract.ts'
import type { TransformRules } from './transform/transform.ts'
import { formatGb } from './warehouse/gigabytes.ts'
import { requireTables } from './warehouse/require-tables.ts'
import type { QueryEstimate, Warehouse } from './warehouse/warehouse.ts'
import { type ResolvedWindow, resolveWindow } from './window.ts'

/** What `run` and `plan` are asked to cover. Instants are epoch milliseconds. */
export interface Selection {
  from: number | null
  to: number | null
  app: string | null
  event: string | null
  limit: number | null
  resend: ResendMode
  /** The part of the devices; left out or null for all. */
  shard?: Shard | null
}

/** Which rows of which warehouse, under which settings: what `run`, `plan` and `explain` have in common. */
export interface Scope {
  config: Config
  warehouse: Warehouse
  selection: Selection
  /** Stops the queries; they then throw its reason. */
  signal: AbortSignal
}

/** The part of the devices that is asked for. */
export function shardOf({ shard }: Pick<Selection, 'shard'>): Shard {
  return shard ?? WHOLE
}

/**
 * The window of a run, from its flags, the settings and the log of runs. Throws a TerminalError when `--to` alone is so early that no
 * row could ever be in it. A late `--from` alone is no fault: its window is empty until the settle time has passed.
 */
export async function windowOf(
  { config, selection }: Pick<Scope, 'config' | 'selection'>,
  runLog: RunLog,
  nowMs: number,
): Promise<ResolvedWindow> {
  const { from, to } = selection
  const owedFromMs = await runLog.owedFromMs(shardName(shardOf(selection)), nowMs)
  const window = resolveWindow(selection, config.delivery, owedFromMs, nowMs)
  if (from === null && to !== null && to <= window.fromMs) {
    const [end, limit] = [new Date(to).toISOString(), new Date(window.fromMs).toISOString()]
    throw new TerminalError(`--to ${end} is not after the age limit ${limit}: the window would be empty.`, {
      hint: 'Older rows are not sent. Give --from as well if they are to be settled as expired.',
    })
  }
  return window
}

/**
 * The user's SELECT, checked against the source contract and made ready to be wrapped. Shards are told apart by `device_id`, so it must
 * have one where only a part of the devices is asked for.
 */
export async function prepareSource(
  config: Config,
  warehouse: Warehouse,
  shard: Shard = WHOLE,
): Promise<string> {
  await requireTables(warehouse)
  const needed = shard.count > 1 ? (['device_id'] as const) : []
  return checkContract(warehouse, await loadSource(config.source), needed)
}

/** Whether rows before the window, young enough to be sent, wait to be settled: a later window may overtake them. */
export async function hasUnsettledBefore(
  job: Scope,
  projection: string,
  window: ResolvedWindow,
  nowMs: number,
): Promise<boolean> {
  if (window.full || window.fromMs <= window.ageLimitMs) return false
  const before = { ...window, fromMs: window.ageLimitMs, toMs: window.fromMs, full: false }
  const selection = { ...job.selection, limit: 1, resend: 'none' as const }
  for await (const rows of extractFor({ ...job, selection }, projection, before, nowMs)) {
    if (rows.length > 0) return true
  }
  return false
}

export function transformRules(
  config: Config,
  selection: Pick<Selection, 'resend' | 'shard'>,
): TransformRules {
  const { adjust, delivery, audit } = config
  const { late, maxAgeDays, inDoubt, inDoubtHoldHours } = delivery
  const { environment, timestamp, adid } = adjust
  return {
    environment,
    timestamp,
    adid,
    late,
    maxAgeDays,
    inDoubt,
    inDoubtHoldHours,
    resend: selection.resend,
    plainIdentifiers: audit.identifiers === 'plain',
    deviceId: shardOf(selection).count > 1 ? 'require' : 'optional',
  }
}

/** The rows of the window, with what the audit table knows of them. */
export function extractFor(job: Scope, projection: string, window: ResolvedWindow, nowMs: number) {
  return extract(job.warehouse, projection, { ...extractOptions(job, window, nowMs), signal: job.signal })
}

/** What reading them would cost. Throws a TerminalError where that is more than the settings allow. */
export async function estimateFor(
  job: Scope,
  projection: string,
  window: ResolvedWindow,
  nowMs: number,
): Promise<QueryEstimate> {
  const estimate = await estimateExtract(job.warehouse, projection, extractOptions(job, window, nowMs))
  const { bytes, maximumBytes } = estimate
  if (bytes !== null && maximumBytes !== null && bytes > maximumBytes)
    throw new TerminalError(
      `the query would read ${formatGb(bytes)}, and warehouse.maximum_gb_billed allows ${formatGb(maximumBytes)}.`,
      {
        hint: 'Partition the source by the column behind occurred_at, take a smaller window with --from and --to, or raise the limit.',
      },
    )
  return estimate
}

/** Plain data: who reads adds what stops it. */
export function extractOptions(
  { config, selection }: Scope,
  window: ResolvedWindow,
  nowMs: number,
): Omit<ExtractOptions, 'signal' | 'onTotal'> {
  const { app, event, limit, resend } = selection
  const { inDoubt, inDoubtHoldHours } = config.delivery
  return {
    window,
    ...(app === null ? {} : { app }),
    ...(event === null ? {} : { event }),
    ...(limit === null ? {} : { limit }),
    resend,
    shard: shardOf(selection),
    nowMs,
    inDoubtBlocks: { revenue: inDoubt.revenue !== 'skip', other: inDoubt.other !== 'skip' },
    inDoubtHoldHours,
  }
}
