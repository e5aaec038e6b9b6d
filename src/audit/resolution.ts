import type { EventKind, SentIdentifier } from '../domain/event.ts'
import { EVIDENCE_REASONS, GIVEN_UP_REASONS, type Reason } from '../domain/reason.ts'
import type { AuditRow, Status } from '../domain/settlement.ts'
import { FIRST_INSTANT_MS, instant, millis } from '../warehouse/instants.ts'
import { readQuery } from '../warehouse/queries.ts'
import { readRows, rowsOf } from '../warehouse/read-rows.ts'
import type { QueryValue, Warehouse } from '../warehouse/warehouse.ts'

/** Abandoned because nobody knew, or because a person said so: later evidence may still change it. */
const ABANDONED_REASONS: readonly string[] = [...GIVEN_UP_REASONS, 'resolved_abandoned' satisfies Reason]

/** The newest settlement of a transaction, with what the audit table knows of its event and of its last request. */
export interface NewestSettlement {
  transactionId: string
  status: Status
  reason: string
  message: string | null
  /** Requests that were made for it, over all runs. */
  attempt: number
  /** The run that wrote the settlement. */
  runId: string
  settledAtMs: number
  /** When its last request began; null when no run could note it (`journal_lost`). */
  sentAtMs: number | null
  /** When the outcome of that request was found to be unknown; null when it never was. */
  doubtedAtMs: number | null
  kind: EventKind | null
  appToken: string | null
  eventToken: string | null
  device: string | null
  deviceNames: string[]
  identifiers: Partial<Record<SentIdentifier, string>> | null
  occurredAtMicros: number | null
  /** Exact decimal text. */
  revenue: string | null
  currency: string | null
}

/** One whose outcome is unknown, or is known by evidence that better evidence may overrule: see `isOpenDoubt`. */
export type OpenDoubt = NewestSettlement

export interface DoubtFilter {
  /** Only those whose last request this run put in doubt, or whose doubt it resolved. */
  runId?: string
  /** Only events that occurred from then on; bounds what BigQuery reads. */
  occurredFromMs?: number
}

/** What evidence or a person makes of an unknown outcome. */
export interface Resolution {
  status: 'delivered' | 'deferred' | 'abandoned'
  reason: Reason
  /** Who says so and why, or what shows it. */
  message: string
}

/**
 * Whether evidence may still say what became of it: in doubt, abandoned without anybody knowing, or said not to be delivered and not
 * sent since. Delivered is for good.
 */
export function isOpenDoubt({ status, reason }: Pick<NewestSettlement, 'status' | 'reason'>): boolean {
  if (status === 'in_doubt') return true
  if (status === 'abandoned') return ABANDONED_REASONS.includes(reason)
  return status === 'deferred' && EVIDENCE_REASONS.includes(reason)
}

/** All open doubts in the order of their events, batch by batch. */
export async function* readDoubts(
  warehouse: Pick<Warehouse, 'query'>,
  filter: DoubtFilter = {},
): AsyncIterable<OpenDoubt[]> {
  for await (const settlements of readOnceInDoubt(warehouse, filter)) {
    const open = settlements.filter(isOpenDoubt)
    if (open.length > 0) yield open
  }
}

/** The same for every transaction whose outcome was unknown at some time, whatever has become of it since. */
export async function* readOnceInDoubt(
  warehouse: Pick<Warehouse, 'query'>,
  { runId = '', occurredFromMs = FIRST_INSTANT_MS }: DoubtFilter = {},
): AsyncIterable<NewestSettlement[]> {
  const batches = warehouse.query(readQuery('in-doubt.sql'), {
    name: 'sql/in-doubt.sql',
    parameters: { run_id: runId, audit_from: instant(occurredFromMs) },
  })
  for await (const batch of batches) yield rowsOf(batch).map(settlementOf)
}

/** What became of one transaction; null when the audit table does not know it. */
export async function readSettlement(
  warehouse: Pick<Warehouse, 'query'>,
  transactionId: string,
): Promise<NewestSettlement | null> {
  const [row] = await readRows(warehouse, 'settlement.sql', { transaction_id: transactionId })
  return row === undefined ? null : settlementOf(row)
}

/**
 * The row of `s2s_audit` that says so. It keeps the attempt, and stands after the settlement that it overrules by every clock: the
 * machine that wrote that one may be ahead of this one, and of two outcomes of one request the newer counts.
 */
export function resolutionRow(
  doubt: OpenDoubt,
  { status, reason, message }: Resolution,
  { runId, auditId, nowMs }: { runId: string; auditId: string; nowMs: number },
): AuditRow {
  const { transactionId, attempt, kind, appToken, eventToken, device, deviceNames } = doubt
  const { identifiers, occurredAtMicros, revenue, currency } = doubt
  const settledAtMs = Math.max(nowMs, Math.floor(doubt.settledAtMs) + 1)
  const event = { transactionId, attempt, kind, appToken, eventToken, device, deviceNames }
  return {
    ...event,
    ...{ identifiers, occurredAtMicros, revenue, currency },
    ...{ auditId, runId, status, reason, message, settledAtMs },
    ...{ httpStatus: null, sentAtMs: null, latencyMs: null, warnings: [] },
  }
}

function settlementOf(row: Record<string, QueryValue>): NewestSettlement {
  return {
    transactionId: row.transaction_id as string,
    status: row.status as Status,
    reason: row.reason as string,
    message: row.message as string | null,
    attempt: row.attempt as number,
    runId: row.run_id as string,
    settledAtMs: (row.settled_at_micros as number) / 1000,
    sentAtMs: millis(row.sent_at_micros),
    doubtedAtMs: millis(row.doubted_at_micros),
    kind: row.kind as EventKind | null,
    appToken: row.app_token as string | null,
    eventToken: row.event_token as string | null,
    device: row.device as string | null,
    deviceNames: row.device_names === null ? [] : (row.device_names as string).split(' '),
    identifiers: typeof row.identifiers === 'string' ? JSON.parse(row.identifiers) : null,
    occurredAtMicros: row.occurred_at_micros as number | null,
    revenue: row.revenue as string | null,
    currency: row.currency as string | null,
  }
}
