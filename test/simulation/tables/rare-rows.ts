import { IDENTIFIERS } from '../../../src/domain/event.ts'
import { REASONS, type Reason } from '../../../src/domain/reason.ts'
import type { TableRow } from '../../../src/warehouse/warehouse.ts'
import type { Draw } from '../../bigquery/support/same-rows/draw.ts'
import { APPS, EVENTS } from '../../bigquery/support/same-rows/shop.ts'
import { MARK, namesOf } from './identifiers.ts'
import type { SourceRecord } from './records.ts'
import { unmarked } from './windowed.ts'

/** A shop's rows with more of what is rare in them and makes a difference to a query. */
export function rareSource(draw: Draw, rows: readonly SourceRecord[]): SourceRecord[] {
  const isOneToken = draw.chance(0.5)
  return [...rows, ...nearCopies(draw, rows)].map((row) =>
    marked(draw, {
      ...padded(draw, row),
      ...(draw.chance(0.15) ? { revenue: draw.oneOf(['0e5', '0E7', '-0', '0.001', '1e0']) } : {}),
      // An audit row may say that this is the one name of a device, and no row lists it.
      ...(draw.chance(0.1) ? { adid: 'unknown' } : {}),
      ...(isOneToken ? { app_token: APPS[0], event_token: EVENTS[0] } : {}),
    }),
  )
}

/** For some rows a copy for each column, in which that column alone differs: each settles which of two copies is the first. */
function nearCopies(draw: Draw, rows: readonly SourceRecord[]): SourceRecord[] {
  const columns = Object.keys(rows[0]!).filter((name) => name !== 'transaction_id') as (keyof SourceRecord)[]
  return draw.some(rows, 2 / rows.length).flatMap((row) =>
    columns.map((column) => {
      const isTime = column === 'occurred_at_micros'
      return { ...row, [column]: draw.oneOf([draw.oneOf(rows)[column], isTime ? null : 'another']) }
    }),
  )
}

/** White space of all sorts, and what looks like it and is none: a blank of no width, and byte order marks. */
const PADS = [
  ...'\t\n\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000',
  ...['\u200b', MARK, `${MARK}${MARK}`, ` ${MARK}`, `${MARK} ${MARK}`, ` ${MARK} `],
]

function padded(draw: Draw, row: SourceRecord): SourceRecord {
  const copy = { ...row }
  for (const column of [...IDENTIFIERS, 'kind'] as const) {
    if (copy[column] !== null && draw.chance(0.1))
      copy[column] = `${draw.oneOf(PADS)}${copy[column]}${draw.oneOf(PADS)}`
  }
  return copy
}

/** Some texts begin with a byte order mark, or are nothing else. */
function marked(draw: Draw, row: SourceRecord): SourceRecord {
  const entries = Object.entries(row).map(([column, value]) => {
    const isMarked = typeof value === 'string' && draw.chance(0.04)
    return [
      column,
      isMarked ? draw.oneOf([MARK, MARK + MARK]) + draw.oneOf([value, value, value, '']) : value,
    ]
  })
  return Object.fromEntries(entries) as SourceRecord
}

/** Those that each query looks at in a way of its own. */
const RARE_REASONS: readonly Reason[] = [
  'timed_out',
  'process_died',
  'source_duplicate',
  'internal_error',
  'resolved_not_delivered',
  'absent_from_export',
  'waits_for_earlier',
]

/** The same for audit rows. One that stands there twice stays the same one. */
export function rareAudit(
  draw: Draw,
  rows: readonly TableRow[],
  source: readonly SourceRecord[],
): TableRow[] {
  const isOneToken = draw.chance(0.5)
  const sourceById = new Map(source.map(unmarked).map((row) => [row.transaction_id, row]))
  const changed = new Map(
    rows.map((row) => {
      const own = sourceById.get(row.transaction_id as string)
      return [
        row,
        { ...row, ...rareOutcome(draw, row), ...(own && draw.chance(0.7) ? ofRow(draw, own) : {}) },
      ]
    }),
  )
  return rows.map((row) => ({
    ...changed.get(row)!,
    ...(isOneToken ? { app_token: APPS[0], event_token: EVENTS[0] } : {}),
  }))
}

function rareOutcome(draw: Draw, row: TableRow): TableRow {
  // The shop has one row of each reason under a transaction of its own: those stay, so that every reason is seen.
  const isOfEachReason = (row.transaction_id as string).startsWith('of ')
  if (isOfEachReason || !draw.chance(0.4)) return {}
  const reason = draw.oneOf(RARE_REASONS)
  return { reason, status: REASONS[reason].status }
}

/** As a run writes it: a row meets its own past as it meets that of others. Its time in the source may have changed since. */
function ofRow(draw: Draw, source: SourceRecord): TableRow {
  const micros = source.occurred_at_micros
  const moved = micros === null ? null : { timestampMicros: micros + draw.oneOf([0, 1, 3_600_000_000]) }
  return {
    app_token: source.app_token,
    event_token: source.event_token,
    kind: 'event',
    device_names: namesOf(source),
    occurred_at: moved,
  }
}
