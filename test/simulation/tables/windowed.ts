import { MARK, withoutMarks } from './identifiers.ts'
import type { Given } from './parameters.ts'
import { digitsOf, type SourceRecord } from './records.ts'

/** A source row that a run looks at. */
export interface Windowed {
  /** Without byte order marks. */
  source: SourceRecord
  /** Its own, or one made of what it has: the same one in every run. */
  transactionId: string
  isIdMissing: boolean
}

/** The source rows that a run is asked to cover. */
export function windowed(source: readonly SourceRecord[], given: Given): Windowed[] {
  const isAskedFor = selector(given)
  return source
    .map(unmarked)
    .filter(isAskedFor)
    .map((row) => {
      const isIdMissing = (row.transaction_id ?? '') === ''
      return { source: row, isIdMissing, transactionId: isIdMissing ? madeId(row) : row.transaction_id! }
    })
}

function madeId({ occurred_at_micros, app_token, event_token }: SourceRecord): string {
  const time = occurred_at_micros === null ? 'no time' : digitsOf(occurred_at_micros)
  return `(missing) ${time} ${app_token ?? ''} ${event_token ?? ''}`
}

/** An empty text asks for everything; one app asks for rows that have it, not for rows without an app. */
function selector(given: Given): (row: SourceRecord) => boolean {
  const [from, to, future] = [
    given.instant('window_from'),
    given.instant('window_to'),
    given.instant('future'),
  ]
  const isFull = given.flag('full_window')
  const [app, event, transaction] = [given.text('app'), given.text('event'), given.text('transaction')]
  const isInTime = (micros: number | null) =>
    micros === null ? isFull : (micros >= from && micros < to) || (isFull && micros > future)
  return (row) =>
    isInTime(row.occurred_at_micros) &&
    (app === '' || row.app_token === app) &&
    (event === '' || row.event_token === event) &&
    (transaction === '' || row.transaction_id === transaction)
}

/** The row without the byte order marks with which its texts may begin: one reader drops them, another does not. */
export function unmarked(row: SourceRecord): SourceRecord {
  let clean = row
  for (const [column, value] of Object.entries(row)) {
    // Nearly no row has one, and a copy of each would take longer than all else here.
    if (typeof value === 'string' && value.startsWith(MARK))
      clean = { ...clean, [column]: withoutMarks(value) }
  }
  return clean
}
