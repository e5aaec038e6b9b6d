import { MAX_FUTURE_MS, MS_PER_DAY, MS_PER_HOUR } from '../domain/durations.ts'
import type { SourceRow } from '../domain/event.ts'
import type { ResendMode } from '../domain/policy.ts'
import { hashBounds, type Shard, WHOLE } from '../domain/shard.ts'
import { instant } from '../warehouse/instants.ts'
import { readQuery } from '../warehouse/queries.ts'
import type { QueryEstimate, QueryOptions, QueryParameters, Warehouse } from '../warehouse/warehouse.ts'
import { OrderCheck } from './order-check.ts'
import { sourceRows } from './source-row.ts'

export { checkContract } from './contract.ts'
export { loadSource } from './source.ts'

/** Half-open, epoch milliseconds; `full` when neither end was given: then rows without a sound time are read too. */
export interface Window {
  fromMs: number
  toMs: number
  full: boolean
}

export interface ExtractOptions {
  window: Window
  /** One app token, one event token. */
  app?: string
  event?: string
  /** One transaction. */
  transactionId?: string
  /** At most so many rows, the first in order. */
  limit?: number
  /** Settled rows that are read all the same: rejected and invalid ones, or all. */
  resend: ResendMode
  /** Only rows of these devices; left out for all. */
  shard?: Shard
  nowMs: number
  /** Whether an unknown outcome, with or without revenue, makes other events of its device wait. */
  inDoubtBlocks: { revenue: boolean; other: boolean }
  inDoubtHoldHours: number
  signal?: AbortSignal
  /** Called before each batch with the number of rows that there are. */
  onTotal?: (rows: number) => void
}

/** Adjust's age limit: nothing older is sent, so nothing older can be overtaken. */
const MAX_AGE_DAYS = 58

/** Audit rows reach further back than the window: an event of the device that an old row waits for, or an older alias. */
const AUDIT_MARGIN_DAYS = 60

/**
 * Rows of the window that no audit row settles, in (`occurred_at`, `transaction_id`) order, batch by batch in bounded memory.
 * `projection` is the source in the shape of the contract (see `checkContract`). The order is checked as it is read, for
 * everything after relies on it. Throws Terminal- and TransientErrors of the warehouse.
 */
export async function* extract(
  warehouse: Warehouse,
  projection: string,
  options: ExtractOptions,
): AsyncIterable<SourceRow[]> {
  const order = new OrderCheck()
  for await (const batch of warehouse.query(readQuery('extract.sql'), queryOptions(projection, options))) {
    options.onTotal?.(batch.totalRows)
    const rows = sourceRows(batch)
    order.check(rows)
    yield rows
  }
}

/** What `extract` with the same options would read. */
export function estimateExtract(
  warehouse: Warehouse,
  projection: string,
  options: ExtractOptions,
): Promise<QueryEstimate> {
  return warehouse.estimate(readQuery('extract.sql'), queryOptions(projection, options))
}

function queryOptions(projection: string, options: ExtractOptions): QueryOptions {
  return {
    name: 'sql/extract.sql',
    source: projection,
    parameters: extractParameters(options),
    ...(options.signal ? { signal: options.signal } : {}),
  }
}

function extractParameters(options: ExtractOptions): QueryParameters {
  const { window, nowMs, resend, inDoubtBlocks } = options
  const devices = hashBounds(options.shard ?? WHOLE)
  return {
    window_from: instant(window.fromMs),
    window_to: instant(window.toMs),
    full_window: window.full,
    future: instant(nowMs + MAX_FUTURE_MS),
    audit_from: instant(
      Math.min(window.fromMs, nowMs - MAX_AGE_DAYS * MS_PER_DAY) - AUDIT_MARGIN_DAYS * MS_PER_DAY,
    ),
    app: options.app ?? '',
    event: options.event ?? '',
    transaction: options.transactionId ?? '',
    shard_from: devices.from,
    shard_to: devices.to,
    resend_failed: resend === 'failed',
    resend_all: resend === 'all',
    in_doubt_since: instant(nowMs - options.inDoubtHoldHours * MS_PER_HOUR),
    revenue_blocks: inDoubtBlocks.revenue,
    other_blocks: inDoubtBlocks.other,
    row_limit: options.limit ?? Number.MAX_SAFE_INTEGER,
  }
}
