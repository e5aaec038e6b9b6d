import { type OpenDoubt, type Resolution, readDoubts } from './audit/resolution.ts'
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from './domain/durations.ts'
import type { Completeness, Moment, Verdict } from './export/completeness.ts'
import type { SentWindow } from './export/read-sent-events.ts'
import type { SentEvent, SentEvents } from './export/sent-events.ts'
import type { Warehouse } from './warehouse/warehouse.ts'

/** `in_doubt`: the next run would wait for it. `abandoned`: given up. `opened`: said not to be delivered, and not sent since. */
export type Standing = 'in_doubt' | 'abandoned' | 'opened'

/** What the export says of one event of unknown outcome; `resolution` is null where that changes nothing. */
export interface Finding {
  doubt: OpenDoubt
  standing: Standing
  verdict: { kind: 'found' } | Verdict
  /** Of an unproven one: an event that the export lacks though it was delivered. */
  exampleId: string | null
  resolution: Resolution | null
}

/** Without a doubt to begin at, a week is measured. */
const MEASURED_DAYS = 7

/** What is open for longer has lost its source row: twice the age limit, as the log of runs looks back. */
const LOOK_BACK_DAYS = 116

export async function readAllDoubts(warehouse: Warehouse, nowMs: number): Promise<OpenDoubt[]> {
  const doubts: OpenDoubt[] = []
  for await (const batch of readDoubts(warehouse, { occurredFromMs: nowMs - LOOK_BACK_DAYS * MS_PER_DAY }))
    doubts.push(...batch)
  return doubts
}

/**
 * Unless it is given: from a day before the oldest event in doubt was sent, so that neighbours from before it are there, up to now. Widened
 * to full hours: whether an export is complete is asked by the hour, and what is missing has to be seen in all of it.
 */
export function windowOf(
  { from, to }: { from: number | null; to: number | null },
  doubts: readonly OpenDoubt[],
  nowMs: number,
): SentWindow {
  const oldestMs = doubts.reduce((least, doubt) => Math.min(least, momentOf(doubt).sentFromMs), nowMs)
  const measuredDays = doubts.length === 0 ? MEASURED_DAYS : 1
  const fromMs = from ?? oldestMs - measuredDays * MS_PER_DAY
  const toMs = to ?? nowMs + CLOCKS_MS
  return {
    fromMs: Math.floor(fromMs / MS_PER_HOUR) * MS_PER_HOUR,
    toMs: Math.ceil(toMs / MS_PER_HOUR) * MS_PER_HOUR,
  }
}

/** An event is not sent before it occurred, but for the clocks of those who say so. */
const CLOCKS_MS = 5 * MS_PER_MINUTE

/** When its requests began, as closely as is known: at `sentAtMs`, or somewhere between its occurrence and the doubt. */
export function momentOf(
  { occurredAtMicros, sentAtMs, doubtedAtMs, settledAtMs, attempt }: OpenDoubt,
  first?: { sentAtMs: number; requests: number },
): { sentFromMs: number; sentToMs: number } {
  const sentToMs = sentAtMs ?? doubtedAtMs ?? settledAtMs
  if (sentAtMs !== null && attempt <= 1) return { sentFromMs: sentAtMs, sentToMs }
  if (sentAtMs !== null && first !== undefined && first.requests >= attempt)
    return { sentFromMs: Math.min(first.sentAtMs, sentAtMs), sentToMs }
  const occurredMs =
    occurredAtMicros === null ? sentToMs - LOOK_BACK_DAYS * MS_PER_DAY : occurredAtMicros / 1000
  return { sentFromMs: Math.min(occurredMs - CLOCKS_MS, sentToMs), sentToMs }
}

export function isWithin({ fromMs, toMs }: SentWindow, doubt: OpenDoubt): boolean {
  const { sentFromMs, sentToMs } = momentOf(doubt)
  return sentToMs >= fromMs && sentFromMs < toMs
}

export function sentEventOf(doubt: OpenDoubt): SentEvent {
  const { transactionId, appToken, kind, eventToken, status, reason, occurredAtMicros, attempt } = doubt
  return {
    transactionId,
    appToken: appToken ?? '',
    kind: kind ?? 'event',
    eventToken,
    outcome: `${status} ${reason}`,
    sentAtMs: momentOf(doubt).sentToMs,
    occurredAtMs: (occurredAtMicros ?? 0) / 1000,
    isDelivered: false,
    requests: attempt,
    deliveries: 0,
  }
}

function standingOf({ status }: OpenDoubt): Standing {
  if (status === 'deferred') return 'opened'
  return status === 'abandoned' ? 'abandoned' : 'in_doubt'
}

export function verdictOf(
  moment: Moment,
  events: SentEvents,
  completeness: Completeness,
  nowMs: number,
): Finding['verdict'] {
  return events.found(moment.index) > 0 ? { kind: 'found' } : completeness.judge(moment, nowMs)
}

/** `index`: of the doubt among the events; `names`: of the export's files. */
export function findingOf(
  doubt: OpenDoubt,
  index: number,
  verdict: Finding['verdict'],
  events: SentEvents,
  names: readonly string[],
): Finding {
  const example = verdict.kind === 'unproven' ? verdict.example : null
  return {
    doubt,
    standing: standingOf(doubt),
    verdict,
    exampleId: example === null ? null : events.ids[example]!,
    resolution: resolutionOf(doubt, index, verdict, events, names),
  }
}

/**
 * What changes. Absence opens only what is in doubt: what was given up stays so, for whoever did that may have counted on it. Opened by
 * an earlier word and still not sent, it stays open unless it is found.
 */
function resolutionOf(
  doubt: OpenDoubt,
  index: number,
  verdict: Finding['verdict'],
  events: SentEvents,
  names: readonly string[],
): Resolution | null {
  if (verdict.kind === 'found') {
    const times = events.found(index) === 1 ? '' : `, and ${events.found(index) - 1} times more`
    const message = `found in ${events.place(index, names)}${times}`
    return { status: 'delivered', reason: 'found_in_export', message }
  }
  if (verdict.kind === 'unproven' || doubt.status !== 'in_doubt') return null
  const { earlier, later, neighbours } = verdict
  const named = (other: number) =>
    `${events.ids[other]} (sent ${new Date(events.sentAtMs[other]!).toISOString()})`
  const message =
    `absent from ${exportName(names)}, which has ${neighbours} delivered events of its app from ` +
    `${named(earlier)} to ${named(later)}`
  return { status: 'deferred', reason: 'absent_from_export', message }
}

function exportName(names: readonly string[]): string {
  return names.length <= 2 ? names.join(' and ') : `${names[0]} … ${names.at(-1)} (${names.length} files)`
}
