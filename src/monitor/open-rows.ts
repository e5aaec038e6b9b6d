import { MS_PER_DAY, OPEN_LOOK_BACK_DAYS } from '../domain/durations.ts'
import type { EventKind } from '../domain/event.ts'
import { givenUpAtMs as eventGivenUpAtMs, type OpenEvent, type OpenLimits } from '../domain/given-up.ts'
import { maxAgeDaysOf } from '../domain/max-age.ts'
import { OPEN_STATUSES } from '../domain/settlement.ts'
import { instant, millis } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import type { QueryValue, Warehouse } from '../warehouse/warehouse.ts'

/** A row of `sql/audit/open.sql`: the open transactions of a status, a reason, a kind and a token. */
export type OpenGroup = Record<string, QueryValue>

type OpenStatus = (typeof OPEN_STATUSES)[number]

/** What is not settled yet, all groups together. */
export interface OpenRows {
  /** Transactions by status; every open status has a number. */
  counts: Record<OpenStatus, number>
  /** Epoch milliseconds; null when nothing is open. */
  oldestOccurredAtMs: number | null
  /** When the first of each status is given up, in epoch milliseconds; null when there is none. */
  givenUpAtMs: Record<OpenStatus, number | null>
}

/** What waits or is in doubt, by reason, kind and token; the group that is given up first comes first. */
export async function readOpenGroups(
  warehouse: Pick<Warehouse, 'query'>,
  limits: OpenLimits,
  nowMs: number,
  lookBackDays = OPEN_LOOK_BACK_DAYS,
): Promise<OpenGroup[]> {
  const audit_from = instant(nowMs - lookBackDays * MS_PER_DAY)
  const groups = await readRows(warehouse, 'audit/open.sql', { audit_from })
  const expiry = (group: OpenGroup) => givenUpAtMs(group, limits) ?? Number.POSITIVE_INFINITY
  return groups.sort((one, other) => (expiry(one) < expiry(other) ? -1 : 1))
}

/**
 * The same in a few numbers, of what is young enough to be sent: an older row that is open is settled as expired by the next run over
 * everything, or has lost its row in the source, and would only hide the others. `signal` ends the query, which then throws.
 */
export async function readOpenRows(
  warehouse: Pick<Warehouse, 'query'>,
  limits: OpenLimits,
  nowMs: number,
  signal: AbortSignal,
): Promise<OpenRows> {
  const stoppable: Pick<Warehouse, 'query'> = {
    query: (sql, options) => warehouse.query(sql, { ...options, signal }),
  }
  return summariseOpen(await readYoungGroups(stoppable, limits, nowMs), limits)
}

/** Ad revenue has a shorter life than the rest. Only where some of it has outlived it does that cost another query. */
async function readYoungGroups(
  warehouse: Pick<Warehouse, 'query'>,
  limits: OpenLimits,
  nowMs: number,
): Promise<OpenGroup[]> {
  const groups = await readOpenGroups(warehouse, limits, nowMs, limits.maxAgeDays)
  const bornAfterMs = (group: OpenGroup) => nowMs - daysOf(group, limits) * MS_PER_DAY
  const tooOld = groups.find((group) => millis(group.oldest_occurred_at_micros)! < bornAfterMs(group))
  if (tooOld === undefined) return groups
  const younger = await readOpenGroups(warehouse, limits, nowMs, daysOf(tooOld, limits))
  return [
    ...groups.filter((group) => group.kind !== tooOld.kind),
    ...younger.filter((group) => group.kind === tooOld.kind),
  ]
}

const kindOf = ({ kind }: OpenGroup) => kind as EventKind | null

const daysOf = (group: OpenGroup, { maxAgeDays }: OpenLimits) => maxAgeDaysOf(kindOf(group), maxAgeDays)

/** When the oldest of a group is given up, in epoch milliseconds. */
export function givenUpAtMs(group: OpenGroup, limits: OpenLimits): number | null {
  const oldest: OpenEvent = {
    status: group.status as OpenStatus,
    kind: kindOf(group),
    occurredAtMs: millis(group.oldest_occurred_at_micros),
    settledAtMs: millis(group.oldest_settled_at_micros),
  }
  return eventGivenUpAtMs(oldest, limits)
}

function summariseOpen(groups: readonly OpenGroup[], limits: OpenLimits): OpenRows {
  const ofEach = <T>(measure: (groups: readonly OpenGroup[]) => T) =>
    Object.fromEntries(
      OPEN_STATUSES.map((status) => [status, measure(groups.filter((group) => group.status === status))]),
    ) as Record<OpenStatus, T>
  return {
    counts: ofEach((some) => some.reduce((sum, { events }) => sum + Number(events), 0)),
    oldestOccurredAtMs: earliest(groups.map((group) => millis(group.oldest_occurred_at_micros))),
    givenUpAtMs: ofEach((some) => earliest(some.map((group) => givenUpAtMs(group, limits)))),
  }
}

function earliest(instants: readonly (number | null)[]): number | null {
  const known = instants.filter((ms) => ms !== null)
  return known.length === 0 ? null : Math.min(...known)
}
