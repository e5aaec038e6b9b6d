import { type Clock, systemClock } from './domain/clock.ts'
import type { SourceRow } from './domain/event.ts'
import { extract } from './extract/extract.ts'
import { prepareSource, type Scope, transformRules } from './selection.ts'
import { createTransform, type Transformed } from './transform/transform.ts'
import { FIRST_INSTANT_MS, LAST_INSTANT_MS } from './warehouse/instants.ts'
import { readRows } from './warehouse/read-rows.ts'
import type { QueryValue } from './warehouse/warehouse.ts'

/** Everything that is known of one transaction. */
export interface Explanation {
  transactionId: string
  nowMs: number
  /** Its rows in the source; more than one when its id is not unique there. */
  rows: SourceRow[]
  /** What the next run would make of its first row, were it not settled; null when the source has no such row. */
  next: Transformed | null
  /** Audit rows, the oldest first. */
  history: Record<string, QueryValue>[]
  /** The newest audit row of the transaction that this one waits for; null when it waits for none. */
  waitsFor: Record<string, QueryValue> | null
  /** Epoch milliseconds from which a run may take it up: rows younger than the settle time are left for the next run. */
  dueAtMs: number | null
}

/** Gathers one transaction's story, from the source, the transform and the audit table. Reads only. */
export async function explainJob(
  { config, warehouse, clock = systemClock }: Pick<Scope, 'config' | 'warehouse'> & { clock?: Clock },
  transactionId: string,
): Promise<Explanation> {
  const nowMs = clock.now()
  const projection = await prepareSource(config, warehouse)
  const rows = await readSource({ config, warehouse }, projection, transactionId, nowMs)
  const [row] = rows
  const history = await readRows(warehouse, 'audit/transaction.sql', { transaction_id: transactionId })
  const next =
    row === undefined ? null : createTransform(transformRules(config, { resend: 'all' }))(row, nowMs)
  const waitsForId = blockerOf(next, history)
  const blocker =
    waitsForId === null
      ? []
      : await readRows(warehouse, 'audit/transaction.sql', { transaction_id: waitsForId })
  return {
    transactionId,
    nowMs,
    rows,
    next,
    history,
    waitsFor: blocker.at(-1) ?? null,
    dueAtMs: dueAtMs(row, config.delivery.settleMinutes),
  }
}

async function readSource(
  { config, warehouse }: Pick<Scope, 'config' | 'warehouse'>,
  projection: string,
  transactionId: string,
  nowMs: number,
): Promise<SourceRow[]> {
  const { inDoubt, inDoubtHoldHours } = config.delivery
  const batches = extract(warehouse, projection, {
    window: { fromMs: FIRST_INSTANT_MS, toMs: LAST_INSTANT_MS, full: true },
    transactionId,
    resend: 'all',
    nowMs,
    inDoubtBlocks: { revenue: inDoubt.revenue !== 'skip', other: inDoubt.other !== 'skip' },
    inDoubtHoldHours,
  })
  const rows: SourceRow[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}

/** A wait names the other transaction in its message. What is settled for good waits no more. */
function blockerOf(next: Transformed | null, history: Record<string, QueryValue>[]): string | null {
  const last = history.at(-1)
  if (last !== undefined && last.status !== 'deferred') return null
  if (next?.kind === 'held' && next.reason === 'waits_for_in_doubt') return next.message
  const waits = last?.reason === 'waits_for_earlier' || last?.reason === 'waits_for_in_doubt'
  return waits && typeof last.message === 'string' ? last.message : null
}

function dueAtMs(row: SourceRow | undefined, settleMinutes: number): number | null {
  if (row === undefined || row.occurredAtMicros === null) return null
  return row.occurredAtMicros / 1000 + settleMinutes * 60_000
}
