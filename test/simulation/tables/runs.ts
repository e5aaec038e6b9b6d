import { compareCodePoints } from '../../../src/extract/order-check.ts'
import type { QueryValue, TableRow } from '../../../src/warehouse/warehouse.ts'
import { compareText, compareWhole, firstOf } from './order.ts'
import type { Given } from './parameters.ts'
import { microsOf, textOf, wholeOf, wholeValue } from './records.ts'

type Row = Record<string, QueryValue>

/** `sql/last-full-runs.sql`: the age limit of each shard's last run over the full window that read to its end, the newest first. */
export function lastFullRuns(runs: readonly TableRow[], given: Given): Row[] {
  const now = given.instant('now')
  const ended = runs.filter(
    (row) =>
      row.event === 'ended' &&
      row.full_window === true &&
      (row.exit_code === 0 || row.exit_code === 3) &&
      microsOf(row.logged_at)! <= now,
  )
  ended.sort(
    (a, b) =>
      microsOf(b.logged_at)! - microsOf(a.logged_at)! ||
      compareCodePoints(b.run_id as string, a.run_id as string),
  )
  return [...Map.groupBy(ended, (row) => row.shard as string)].map(([shard, [last]]) => ({
    shard,
    age_limit_micros: wholeValue(microsOf(last!.age_limit)),
  }))
}

const CLOSED = ['ended', 'recovered', 'lost']

/** `sql/unfinished-runs.sql`: runs that have claimed and of which nobody has said how they ended, the oldest first. */
export function unfinishedRuns(runs: readonly TableRow[]): Row[] {
  return [...Map.groupBy(runs, (row) => row.run_id as string)]
    .filter(([, rows]) => !rows.some((row) => CLOSED.includes(row.event as string)))
    .map(([runId, rows]) => unfinishedRun(runId, rows))
    .filter((run) => run.claim_to_micros !== null)
    .sort(
      (a, b) =>
        Number(a.started_at_micros) - Number(b.started_at_micros) ||
        compareCodePoints(a.run_id as string, b.run_id as string),
    )
}

/** One row out of all that was logged of a run, whatever is missing of it. */
function unfinishedRun(runId: string, rows: readonly TableRow[]): Row {
  const texts = (column: string) => rows.map((row) => textOf(row[column]))
  const instants = (column: string) => rows.map((row) => microsOf(row[column]))
  return {
    run_id: runId,
    shard: greatest(texts('shard'), compareText),
    epoch: wholeValue(
      greatest(
        rows.map((row) => wholeOf(row.epoch)),
        compareWhole,
      ),
    ),
    app_token: greatest(texts('app_token'), compareText),
    event_token: greatest(texts('event_token'), compareText),
    resend: greatest(texts('resend'), compareText),
    started_at_micros: wholeValue(least(instants('logged_at'), compareWhole)),
    window_from_micros: wholeValue(least(instants('window_from'), compareWhole)),
    claim_to_micros: wholeValue(greatest(instants('claim_to'), compareWhole)),
  }
}

/** As SQL's MAX and MIN do: NULL counts only where there is nothing else. */
function greatest<T>(values: (T | null)[], compare: (a: T, b: T) => number): T | null {
  return least(values, (a, b) => compare(b, a))
}

function least<T>(values: (T | null)[], compare: (a: T, b: T) => number): T | null {
  const present = values.filter((value) => value !== null)
  return firstOf(present, compare) ?? null
}
