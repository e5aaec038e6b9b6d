import { MS_PER_DAY, SHORTEST_AUDIT_DAYS } from '../domain/durations.ts'
import { TerminalError } from '../domain/errors.ts'
import { instant } from '../warehouse/instants.ts'
import { readQuery } from '../warehouse/queries.ts'
import type { ResultBatch, Warehouse } from '../warehouse/warehouse.ts'
import { type SentEvent, SentEvents } from './sent-events.ts'

/**
 * Measured with DuckDB in the same process: two million events with ids of 36 characters, and an export of as many rows, take 0.95 GB and
 * half a minute of one core. More is more than a pod of the usual size has.
 */
export const EVENTS_MAX = 2_000_000

/** Adjust takes nothing older than 58 days, and what is sent has not occurred much later. */
const OCCURRED_BEFORE_DAYS = 60
const OCCURRED_AFTER_DAYS = 2

/** Answers by which Adjust itself says that an event is delivered; a person's word and an earlier export are no measure of this one. */
const ANSWERS: readonly string[] = ['ok', 'ok_unauthenticated']

export interface SentWindow {
  /** Half-open, epoch milliseconds, by when requests began. */
  fromMs: number
  toMs: number
}

export interface SentEventsRead {
  events: SentEvents
  /** Of those given ahead, as far as a request of theirs began in the window: the first one, and of how many its begin is known. */
  firstRequests: Map<string, { sentAtMs: number; requests: number }>
}

/**
 * The events of which a request began in the window, behind those that are given ahead. Throws a TerminalError when there are more than
 * fit into memory.
 */
export async function readSentEvents(
  warehouse: Pick<Warehouse, 'query'>,
  { fromMs, toMs }: SentWindow,
  ahead: readonly SentEvent[],
  signal?: AbortSignal,
): Promise<SentEventsRead> {
  const firstRequests: SentEventsRead['firstRequests'] = new Map()
  let events: SentEvents | null = null
  const batches = warehouse.query(readQuery('sent-events.sql'), {
    name: 'sql/sent-events.sql',
    parameters: {
      sent_from: instant(fromMs),
      sent_to: instant(toMs),
      occurred_from: instant(fromMs - OCCURRED_BEFORE_DAYS * MS_PER_DAY),
      occurred_to: instant(toMs + OCCURRED_AFTER_DAYS * MS_PER_DAY),
    },
    ...(signal ? { signal } : {}),
  })
  for await (const batch of batches) {
    events ??= withRoom(batch.totalRows, ahead)
    for (let row = 0; row < batch.rowCount; row++) {
      const event = sentEvent(batch.columns, row)
      if (events.add(event) < ahead.length)
        firstRequests.set(event.transactionId, {
          sentAtMs: Number(batch.columns.first_sent_at_micros?.[row]) / 1000,
          requests: event.requests,
        })
    }
  }
  return { events: events ?? withRoom(0, ahead), firstRequests }
}

/** Ids of events of all runs that the audit table still looks back on, batch by batch, some more than once. */
export async function* readSentIds(
  warehouse: Pick<Warehouse, 'query'>,
  nowMs: number,
  signal?: AbortSignal,
): AsyncIterable<string[]> {
  const batches = warehouse.query(readQuery('sent-ids.sql'), {
    name: 'sql/sent-ids.sql',
    parameters: { occurred_from: instant(nowMs - SHORTEST_AUDIT_DAYS * MS_PER_DAY) },
    ...(signal ? { signal } : {}),
  })
  for await (const { columns } of batches) yield (columns.transaction_id ?? []) as string[]
}

function withRoom(rows: number, ahead: readonly SentEvent[]): SentEvents {
  const capacity = rows + ahead.length
  if (capacity > EVENTS_MAX)
    throw new TerminalError(
      `the window holds ${capacity} sent events, and at most ${EVENTS_MAX} fit into memory`,
      { hint: 'Take a smaller window with --from and --to (by when events were sent), one after the other.' },
    )
  const events = new SentEvents(capacity)
  for (const event of ahead) events.add(event)
  return events
}

function sentEvent(columns: ResultBatch['columns'], row: number): SentEvent {
  const text = (name: string) => (columns[name]?.[row] ?? null) as string | null
  const millis = (name: string) => Number(columns[name]?.[row] ?? 0) / 1000
  const [status, reason] = [text('status')!, text('reason')!]
  return {
    transactionId: text('transaction_id')!,
    appToken: text('app_token') ?? '',
    kind: text('kind') ?? 'event',
    eventToken: text('event_token'),
    outcome: `${status} ${reason}`,
    sentAtMs: millis('sent_at_micros'),
    occurredAtMs: millis('occurred_at_micros'),
    isDelivered: status === 'delivered' && ANSWERS.includes(reason),
    requests: Number(columns.requests?.[row]),
    deliveries: Number(columns.deliveries?.[row]),
  }
}
