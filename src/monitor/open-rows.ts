import type { Config } from '../config.ts'
import { MS_PER_DAY, MS_PER_HOUR, OPEN_LOOK_BACK_DAYS } from '../domain/durations.ts'
import { OPEN_STATUSES } from '../domain/settlement.ts'
import { instant, millis } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import type { QueryValue, Warehouse } from '../warehouse/warehouse.ts'

/** A row of `sql/audit/open.sql`: the open transactions of a status, a reason and a token. */
export type OpenGroup = Record<string, QueryValue>

export type OpenLimits = Pick<Config['delivery'], 'maxAgeDays' | 'inDoubtHoldHours'>

/** What is not settled yet, all groups together. */
export interface OpenRows {
  /** Transactions by status; every open status has a number. */
  counts: Record<(typeof OPEN_STATUSES)[number], number>
  /** Epoch milliseconds; null when nothing is open. */
  oldestOccurredAtMs: number | null
  /** When the first of them is given up, in epoch milliseconds; null when nothing is open. */
  givenUpAtMs: number | null
}

/** What waits or is in doubt, by reason and token, the group that expires first in front. */
export function readOpenGroups(
  warehouse: Pick<Warehouse, 'query'>,
  nowMs: number,
  lookBackDays = OPEN_LOOK_BACK_DAYS,
): Promise<OpenGroup[]> {
  return readRows(warehouse, 'audit/open.sql', { audit_from: instant(nowMs - lookBackDays * MS_PER_DAY) })
}

/**
 * The same in a few numbers, of what is young enough to be sent: an older row that is open is settled as expired by the next run over
 * everything, or has lost its row in the source, and would only hide the others. `signal` ends the query, which then throws.
 */
export async function readOpen(
  warehouse: Pick<Warehouse, 'query'>,
  limits: OpenLimits,
  nowMs: number,
  signal: AbortSignal,
): Promise<OpenRows> {
  const stoppable: Pick<Warehouse, 'query'> = {
    query: (sql, options) => warehouse.query(sql, { ...options, signal }),
  }
  return summariseOpen(await readOpenGroups(stoppable, nowMs, limits.maxAgeDays), limits)
}

/** When the oldest of a group is given up, in epoch milliseconds: a doubt after its hold, everything at the age limit. */
export function givenUpAtMs(group: OpenGroup, { maxAgeDays, inDoubtHoldHours }: OpenLimits): number | null {
  const occurredAtMs = millis(group.oldest_occurred_at_micros)
  const settledAtMs = millis(group.oldest_settled_at_micros)
  const expiresAtMs = occurredAtMs === null ? null : occurredAtMs + maxAgeDays * MS_PER_DAY
  if (group.status !== 'in_doubt' || settledAtMs === null) return expiresAtMs
  return settledAtMs + inDoubtHoldHours * MS_PER_HOUR
}

function summariseOpen(groups: readonly OpenGroup[], limits: OpenLimits): OpenRows {
  const eventsOf = (status: string) =>
    groups.reduce((sum, group) => (group.status === status ? sum + Number(group.events) : sum), 0)
  return {
    counts: Object.fromEntries(
      OPEN_STATUSES.map((status) => [status, eventsOf(status)]),
    ) as OpenRows['counts'],
    oldestOccurredAtMs: earliest(groups.map((group) => millis(group.oldest_occurred_at_micros))),
    givenUpAtMs: earliest(groups.map((group) => givenUpAtMs(group, limits))),
  }
}

function earliest(instants: readonly (number | null)[]): number | null {
  const known = instants.filter((ms) => ms !== null)
  return known.length === 0 ? null : Math.min(...known)
}
