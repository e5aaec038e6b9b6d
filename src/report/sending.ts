import { readRows } from '../warehouse/read-rows.ts'
import type { QueryParameters, QueryValue, Warehouse } from '../warehouse/warehouse.ts'
import type { Sending, SendingSpan } from './report-data.ts'
import { iso } from './run-facts.ts'

/** Lengths of a span that a reader can work with, in seconds. */
const SPANS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
]

/** So many bars can still be told apart on a page. */
const MOST_SPANS = 120

/** The shortest span of which at most so many cover the time, in seconds. */
export function spanFor(durationMs: number, mostSpans = MOST_SPANS): number {
  return SPANS_S.find((span) => durationMs / 1000 / span <= mostSpans) ?? SPANS_S.at(-1)!
}

/** Where to look for the requests of a run; instants are epoch milliseconds. */
export interface SendingTime {
  firstSentAtMs: number
  lastSettledAtMs: number
}

/** Requests and answers over the time of the run; null when the audit table has no request of it. */
export async function readSending(
  warehouse: Pick<Warehouse, 'query'>,
  part: QueryParameters,
  { firstSentAtMs, lastSettledAtMs }: SendingTime,
  limitPerS: number,
): Promise<Sending | null> {
  const spanS = spanFor(lastSettledAtMs - firstSentAtMs)
  const fromMs = Math.floor(firstSentAtMs / 1000) * 1000
  const rows = await readRows(warehouse, 'report/sends.sql', {
    ...part,
    from_micros: fromMs * 1000,
    span_tenths: spanS * 10,
  })
  const spans = spansOf(rows, fromMs, spanS)
  const sum = (key: 'sent' | 'answered' | 'unanswered') => spans.reduce((total, span) => total + span[key], 0)
  if (sum('sent') === 0) return null
  return {
    limit_per_s: limitPerS,
    span_s: spanS,
    busiest_second: busiestSecond(rows, fromMs),
    sent: sum('sent'),
    answered: sum('answered'),
    unanswered: sum('unanswered'),
    spans,
  }
}

type Row = Record<string, QueryValue>

/** One after the other, also those in which nothing happened: a gap in the line is what somebody looks for. */
function spansOf(rows: readonly Row[], fromMs: number, spanS: number): SendingSpan[] {
  const byNumber = new Map(rows.map((row) => [row.span as number, row]))
  const last = Math.max(...rows.map((row) => row.span as number))
  return Array.from({ length: last + 1 }, (_, number) => {
    const row = byNumber.get(number)
    return {
      at: iso(fromMs + number * spanS * 1000),
      sent: Number(row?.sent ?? 0),
      answered: Number(row?.answered ?? 0),
      unanswered: Number(row?.unanswered ?? 0),
      busiest_second: Number(row?.busiest_second ?? 0),
    }
  })
}

function busiestSecond(rows: readonly Row[], fromMs: number): Sending['busiest_second'] {
  const busiest = rows.reduce((most, row) =>
    Number(row.busiest_second) > Number(most.busiest_second) ? row : most,
  )
  const requests = Number(busiest.busiest_second)
  return { at: iso(fromMs + Math.max(0, Number(busiest.busiest_second_tenth)) * 100), requests }
}
