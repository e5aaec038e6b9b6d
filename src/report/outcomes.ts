import { REASONS, type Reason } from '../domain/reason.ts'
import { OPEN_STATUSES, STATUSES, type Status } from '../domain/settlement.ts'
import { millis } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import type { QueryParameters, Warehouse } from '../warehouse/warehouse.ts'
import type { OutcomeOfReason, OutcomeOfToken, Report, ReportCounts } from './report-data.ts'
import type { RunRecord } from './run-record.ts'

/** Groups of an app, an event token, a status and a reason that a page can still be read with. */
const SHOWN_GROUPS = 100

/** What the audit table has of the run, by status (also `retried`), reason and currency. */
export interface Total {
  status: Status | 'retried'
  reason: string
  currency: string | null
  events: number
  eventsWithAmount: number
  /** Exact decimal text; null when no event has any. */
  amount: string | null
  example: string
}

export interface Totals {
  rows: Total[]
  firstSentAtMs: number | null
  lastSettledAtMs: number | null
}

/** `part` bounds the audit rows that are the run's. */
export async function readTotals(
  warehouse: Pick<Warehouse, 'query'>,
  part: QueryParameters,
): Promise<Totals> {
  const rows = await readRows(warehouse, 'report/totals.sql', part)
  const sent = rows.map((row) => millis(row.first_sent_at_micros)).filter((ms) => ms !== null)
  const settled = rows.map((row) => millis(row.last_settled_at_micros)).filter((ms) => ms !== null)
  return {
    rows: rows.map((row) => ({
      status: row.status as Total['status'],
      reason: row.reason as string,
      currency: row.currency as string | null,
      events: row.events as number,
      eventsWithAmount: row.events_with_amount as number,
      amount: row.amount as string | null,
      example: row.example as string,
    })),
    firstSentAtMs: sent.length === 0 ? null : Math.min(...sent),
    lastSettledAtMs: settled.length === 0 ? null : Math.max(...settled),
  }
}

/** What the run counted, held against the audit table; where it did not count, what the audit table has. */
export function reportCounts({ counts }: RunRecord, totals: readonly Total[]): ReportCounts {
  const audited = countsOf(totals)
  if (counts === null) {
    const notSaid = { read: null, adds_up: null, counted_by: 'audit_table' } as const
    return { ...audited, ...notSaid, waiting_as_before: 0, differences: [] }
  }
  const { read, ...settled } = counts
  const sum = Object.values(settled).reduce((total, count) => total + count, 0)
  // A wait that goes on unchanged is counted and not written again, so only of what is final both must have the same number.
  const before = OPEN_STATUSES.map((status) => Math.max(0, counts[status] - audited[status]))
  const differing = STATUSES.filter((status) => !isOpen(status) && counts[status] !== audited[status])
  return {
    ...settled,
    read,
    adds_up: sum === read,
    counted_by: 'run',
    waiting_as_before: before.reduce((total, count) => total + count, 0),
    differences: differing.map((status) => ({ status, counted: counts[status], audited: audited[status] })),
  }
}

function isOpen(status: Status): boolean {
  return (OPEN_STATUSES as readonly Status[]).includes(status)
}

function countsOf(totals: readonly Total[]): Record<Status, number> {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>
  for (const { status, events } of totals) if (status !== 'retried') counts[status] += events
  return counts
}

/** Of a newer version, say. */
const UNKNOWN = {
  meaning: 'This version of adjust-s2s does not know the reason.',
  advice: 'Read the message.',
}

/** Every reason with its events, its meaning and what to do; in the order of the statuses, the largest first. */
export function outcomesOfReasons(
  { counts, reasons }: RunRecord,
  totals: readonly Total[],
): OutcomeOfReason[] {
  const found =
    counts === null ? reasonsOf(totals) : reasons.map(({ count, ...rest }) => ({ ...rest, events: count }))
  const rank = (status: Status) => STATUSES.indexOf(status)
  return found
    .map((outcome) => ({ ...outcome, ...words(outcome.reason) }))
    .sort((one, other) => rank(one.status) - rank(other.status) || other.events - one.events)
}

/** What a reason means and what to do. */
export function words(reason: string): { meaning: string; advice: string } {
  const { meaning, advice } = REASONS[reason as Reason] ?? UNKNOWN
  return { meaning, advice }
}

function reasonsOf(totals: readonly Total[]): Omit<OutcomeOfReason, 'meaning' | 'advice'>[] {
  const settled = totals.filter((total): total is Total & { status: Status } => total.status !== 'retried')
  const groups = Map.groupBy(settled, ({ status, reason }) => `${status} ${reason}`)
  return [...groups.values()].map((group) => {
    const { status, reason, example } = group[0]!
    return { status, reason, example, events: group.reduce((sum, { events }) => sum + events, 0) }
  })
}

/** Attempts that were followed by another, by reason. */
export function repeatsOf(totals: readonly Total[]): Report['repeats'] {
  const groups = Map.groupBy(
    totals.filter(({ status }) => status === 'retried'),
    ({ reason }) => reason,
  )
  const repeats = [...groups].map(([reason, group]) => ({
    reason,
    meaning: words(reason).meaning,
    requests: group.reduce((sum, { events }) => sum + events, 0),
  }))
  return repeats.sort((one, other) => other.requests - one.requests)
}

/** The largest groups by app and event token, and how many events are in others. */
export async function readOutcomesOfTokens(
  warehouse: Pick<Warehouse, 'query'>,
  part: QueryParameters,
  totals: readonly Total[],
): Promise<Pick<Report, 'tokens' | 'tokens_left_out'>> {
  const rows = await readRows(warehouse, 'report/outcomes.sql', { ...part, row_limit: SHOWN_GROUPS })
  const tokens = rows.map((row) => row as unknown as OutcomeOfToken)
  const all = totals.reduce((sum, { status, events }) => sum + (status === 'retried' ? 0 : events), 0)
  const shown = tokens.reduce((sum, { events }) => sum + events, 0)
  return { tokens: tokens.map(withoutIds), tokens_left_out: all - shown }
}

/** The words of a wait are the id of another event: one of many says nothing of the group. */
function withoutIds(outcome: OutcomeOfToken): OutcomeOfToken {
  return outcome.status === 'deferred' || outcome.status === 'delivered'
    ? { ...outcome, words: null }
    : outcome
}
