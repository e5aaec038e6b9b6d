import type { EventKind } from '../domain/event.ts'
import { givenUpAtMs, type OpenLimits } from '../domain/given-up.ts'
import { OPEN_STATUSES, type Status } from '../domain/settlement.ts'
import { hashBounds, type Shard, shardName } from '../domain/shard.ts'
import { millis } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import type { QueryParameters, QueryValue, Warehouse } from '../warehouse/warehouse.ts'
import { words } from './outcomes.ts'
import type { Open, OpenEvent, OpenGroup } from './report-data.ts'
import type { StatusAmount } from './revenue.ts'
import { iso } from './run-facts.ts'

/** Events of each group that are read, and events in doubt that are named. */
const NAMED_EVENTS = 20

type Row = Record<string, QueryValue>

/** Which events are a shard's, as `open.sql` asks for it: all of them where there is one shard. */
export function shardParameters(shard: Shard): QueryParameters {
  const { from, to } = hashBounds(shard)
  const { count } = shard
  const isWhole = count === 1
  return {
    shard: isWhole ? '' : shardName(shard),
    shard_count: isWhole ? '' : `/${count}$`,
    shard_from: from,
    shard_to: to,
  }
}

/** What was open in the window at `asOfMs`, and its revenue. `part` bounds the audit rows of the window and says whose they are. */
export async function readOpen(
  warehouse: Pick<Warehouse, 'query'>,
  part: QueryParameters,
  asOfMs: number,
  limits: OpenLimits,
): Promise<{ open: Open; amounts: StatusAmount[] }> {
  const as_of = { timestampMicros: Math.floor(asOfMs * 1000) }
  const rows = await readRows(warehouse, 'report/open.sql', { ...part, as_of, row_limit: NAMED_EVENTS })
  const groups = rows.filter(({ place }) => place === 1)
  return { open: openOf(rows, groups, asOfMs, limits), amounts: groups.flatMap(amountOf) }
}

/** `groups` are the first rows of each group: they carry its numbers. */
function openOf(rows: readonly Row[], groups: readonly Row[], asOfMs: number, limits: OpenLimits): Open {
  const events = (of: (row: Row) => boolean) =>
    groups.filter(of).reduce((sum, row) => sum + (row.group_events as number), 0)
  const stillOpen = rows.filter(isOpenNow).map((row) => openEvent(row, limits))
  const inDoubt = stillOpen.filter(({ status }) => status === 'in_doubt').slice(0, NAMED_EVENTS)
  const inDoubtNow = events((row) => row.status === 'in_doubt' && isOpenNow(row))
  return {
    as_of: iso(asOfMs),
    deferred: events(({ status }) => status === 'deferred'),
    in_doubt: events(({ status }) => status === 'in_doubt'),
    settled_since: events((row) => !isOpenNow(row)),
    groups: groupsOf(groups),
    in_doubt_events: inDoubt,
    in_doubt_left_out: inDoubtNow - inDoubt.length,
    next_to_give_up:
      stillOpen.toSorted((one, other) => (one.given_up_at < other.given_up_at ? -1 : 1))[0] ?? null,
  }
}

function isOpenNow({ status_now }: Row): boolean {
  return (OPEN_STATUSES as readonly unknown[]).includes(status_now)
}

/** By status and reason, the largest first. */
function groupsOf(rows: readonly Row[]): OpenGroup[] {
  const groups = Map.groupBy(rows, ({ status, reason }) => `${status} ${reason}`)
  const sum = (group: readonly Row[]) => group.reduce((total, row) => total + (row.group_events as number), 0)
  return [...groups.values()]
    .map((group) => {
      const { status, reason } = group[0]!
      const byNow = Map.groupBy(group, ({ status_now }) => status_now as Status)
      return {
        status: status as Status,
        reason: reason as string,
        meaning: words(reason as string).meaning,
        events: sum(group),
        oldest_occurred_at: instant(Math.min(...group.map((row) => row.occurred_at_micros as number))),
        by_now: [...byNow].map(([now, part]) => ({ status: now, events: sum(part) })),
      }
    })
    .sort((one, other) => other.events - one.events)
}

function openEvent(row: Row, limits: OpenLimits): OpenEvent {
  return {
    transaction_id: row.transaction_id as string,
    status: row.status as Status,
    reason: row.reason as string,
    app_token: row.app_token as string | null,
    event_token: row.event_token as string | null,
    occurred_at: instant(row.occurred_at_micros as number),
    since: instant(row.settled_at_micros as number),
    amount: row.amount as string | null,
    currency: row.currency as string | null,
    given_up_at: givenUpAt(row, limits),
  }
}

/** An open event always has both instants: what has no time is invalid. */
function givenUpAt(row: Row, limits: OpenLimits): string {
  const [occurredAtMs, settledAtMs] = [millis(row.occurred_at_micros), millis(row.settled_at_micros)]
  const status = row.status as (typeof OPEN_STATUSES)[number]
  return iso(givenUpAtMs({ status, kind: row.kind as EventKind | null, occurredAtMs, settledAtMs }, limits)!)
}

function amountOf(row: Row): StatusAmount[] {
  if (row.group_amount === null) return []
  return [
    {
      status: row.status as Status,
      currency: row.currency as string | null,
      events: row.group_events_with_amount as number,
      amount: String(row.group_amount),
    },
  ]
}

function instant(micros: number): string {
  return iso(micros / 1000)
}
