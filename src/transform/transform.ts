import type { Event, SourceRow } from '../domain/event.ts'
import type { Reason } from '../domain/reason.ts'
import type { Status } from '../domain/settlement.ts'
import { isoMicros } from './created-at.ts'
import { encodeEvent } from './encode-event.ts'
import { type Envelope, readEnvelope } from './envelope.ts'
import { type Fault, fault, isFault, statusOf } from './fault.ts'
import { decideInDoubt, type InDoubtDecision } from './in-doubt.ts'
import type { TransformRules } from './rules.ts'

export type { TransformRules } from './rules.ts'

/** What becomes of a row before anything is sent. */
export type Transformed =
  | { kind: 'event'; event: Event }
  | { kind: 'settled'; status: Status; reason: Reason; message: string | null; warnings: string[] }
  /** Not sent in this run, and later events that share an ordering key wait with it. */
  | {
      kind: 'held'
      event: Event
      status: 'in_doubt' | 'deferred'
      reason: Reason
      message: string | null
    }

/**
 * Makes the pure function from a row to what becomes of it; `nowMs` is epoch milliseconds. The first that
 * applies, in this order:
 *
 * 1. a copy of an earlier row (`duplicate`), no transaction id (`invalid`);
 * 2. an unknown outcome of an earlier run: abandoned, left alone, held, or sent again, as the policy says;
 * 3. kind, time, tokens, environment (`invalid`);
 * 4. what no mending of the row can change: opted out (`suppressed`), too old (`expired`), overtaken
 *    (`late`). It stands before the contents because nobody should mend a row that cannot go out anyway;
 * 5. identifiers, revenue, currency, parameters (`invalid`), size (`rejected`);
 * 6. an unknown outcome of another event of the device (`deferred`).
 *
 * Warnings are stable codes: `<identifier>_all_zero`, `<identifier>_malformed`, `adid_missing`,
 * `revenue_missing` (a currency alone), `revenue_zero`, `ip_address_ipv6`, `ip_address_malformed`, `callback_transaction_id_replaced`,
 * `text_not_well_formed`.
 */
export function createTransform(rules: TransformRules): (row: SourceRow, nowMs: number) => Transformed {
  return (row, nowMs) => {
    assertMayBeSent(row, rules)
    const warnings: string[] = []
    if (row.transactionIdMissing) return settle(fault('transaction_id_missing'), warnings)
    if (row.sourceDuplicate) return settle(fault('source_duplicate'), warnings)
    const doubt = decideInDoubt(row, rules, nowMs)
    if (doubt?.action === 'abandon') return settle(fault('in_doubt_too_long'), warnings)
    if (doubt?.action === 'skip') return leaveInDoubt(doubt.reason, null, warnings)

    const event = eventOf(row, rules, doubt, nowMs, warnings)
    if (isFault(event)) return doubt ? notSentAgain(event, doubt, warnings) : settle(event, warnings)
    if (doubt?.action === 'hold') return hold(event, 'in_doubt', doubt.reason)
    const blocker = doubt ? null : inDoubtBlocker(row, event)
    return blocker === null
      ? { kind: 'event', event }
      : hold(event, 'deferred', 'waits_for_in_doubt', blocker)
  }
}

/** Adjust does not deduplicate: what is delivered goes out again only on the user's word. */
function assertMayBeSent(row: SourceRow, rules: TransformRules): void {
  if (row.earlier?.status === 'delivered' && rules.resend !== 'all') {
    throw new Error('a delivered row was read again without --resend all')
  }
}

function eventOf(
  row: SourceRow,
  rules: TransformRules,
  doubt: InDoubtDecision | null,
  nowMs: number,
  warnings: string[],
): Event | Fault {
  const envelope = readEnvelope(row, rules, nowMs)
  if (isFault(envelope)) return envelope
  // A held event is not going out, so it keeps waiting for evidence even when its time is over.
  const bar = doubt?.action === 'hold' ? null : barOf(row, envelope, rules, nowMs)
  return bar ?? encodeEvent(row, envelope, rules, warnings)
}

/** What stops a row whatever its contents. Ad revenue needs no order, so it cannot be late. */
function barOf(row: SourceRow, envelope: Envelope, rules: TransformRules, nowMs: number): Fault | null {
  if (row.deviceOptedOut) return fault('device_opted_out_before')
  if (nowMs >= envelope.expiresAtMs) {
    const occurredAt = isoMicros(envelope.occurredAtMicros)
    return fault('too_old', `occurred at ${occurredAt}; the limit is ${envelope.maxAgeDays} days`)
  }
  const { laterDeliveredAtMicros } = row
  const skipsLate = rules.late === 'skip' && rules.resend !== 'all' && envelope.kind !== 'ad_revenue'
  if (laterDeliveredAtMicros === null || !skipsLate) return null
  return fault('later_event_delivered', `delivered already: an event of ${isoMicros(laterDeliveredAtMicros)}`)
}

/**
 * The transaction whose unknown outcome this event has to wait for; ad revenue needs no order. It is not
 * asked of an event that is in doubt itself and goes out again: two such events of a device would wait for
 * each other for ever, and would lose the mark of being in doubt. The load stage keeps the order among them.
 */
function inDoubtBlocker(row: SourceRow, event: Event): string | null {
  return event.kind === 'ad_revenue' ? null : row.waitsForInDoubt
}

/**
 * An event that may already be counted is never recorded as one that was not sent. If the row can be mended
 * it stays in doubt until its time for evidence is over, else it is abandoned.
 */
function notSentAgain(why: Fault, doubt: InDoubtDecision, warnings: string[]): Transformed {
  const message = `not sent again: ${why.reason}${why.message === null ? '' : `, ${why.message}`}`
  const mendable = statusOf(why.reason) === 'invalid' || statusOf(why.reason) === 'rejected'
  return mendable && !doubt.isOverdue
    ? leaveInDoubt(doubt.reason, message, warnings)
    : settle(fault('in_doubt_too_long', message), warnings)
}

function leaveInDoubt(reason: Reason, message: string | null, warnings: string[]): Transformed {
  return { kind: 'settled', status: 'in_doubt', reason, message, warnings }
}

function settle(why: Fault, warnings: string[]): Transformed {
  return { kind: 'settled', status: statusOf(why.reason), reason: why.reason, message: why.message, warnings }
}

function hold(
  event: Event,
  status: 'in_doubt' | 'deferred',
  reason: Reason,
  message: string | null = null,
): Transformed {
  return { kind: 'held', event, status, reason, message }
}
