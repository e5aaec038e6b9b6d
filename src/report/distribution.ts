import { readRows } from '../warehouse/read-rows.ts'
import type { QueryParameters, Warehouse } from '../warehouse/warehouse.ts'
import type { Distribution } from './report-data.ts'

/** How many events have a value. */
export interface ValueCount {
  value: number
  events: number
}

/** Six steps from one power of ten to the next, up to the longest time-out that may be set: milliseconds. */
export const ANSWER_TIME_EDGES: readonly number[] = [
  0,
  ...[1, 10, 100, 1000, 10_000]
    .flatMap((power) => [1, 1.5, 2, 3, 5, 7].map((step) => step * power))
    .filter(Number.isInteger),
  100_000,
]

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Steps that people think in, up to the age limit: seconds. */
export const LAG_EDGES: readonly number[] = [
  ...[0, 1, 5, 15, 30],
  ...[1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 12].map((hours) => hours * HOUR),
  ...[1, 2, 4, 7, 14, 28, 58].map((days) => days * DAY),
]

/** The distribution that a query of `value` and `events`, in the order of values, answers; null when it has none. */
export async function readDistribution(
  warehouse: Pick<Warehouse, 'query'>,
  file: string,
  part: QueryParameters,
  edges: readonly number[],
): Promise<Distribution | null> {
  const rows = await readRows(warehouse, file, part)
  return distributionOf(
    rows.map((row) => ({ value: row.value as number, events: row.events as number })),
    edges,
  )
}

/** `counts` are in the order of their values. */
export function distributionOf(counts: readonly ValueCount[], edges: readonly number[]): Distribution | null {
  const events = counts.reduce((sum, count) => sum + count.events, 0)
  if (events === 0) return null
  return {
    events,
    p50: percentile(counts, events, 50),
    p90: percentile(counts, events, 90),
    p99: percentile(counts, events, 99),
    max: counts.at(-1)!.value,
    bins: binned(counts, edges),
  }
}

/** Nearest rank: the smallest value that so many percent do not exceed. */
function percentile(counts: readonly ValueCount[], events: number, percent: number): number {
  const rank = Math.ceil((events * percent) / 100)
  let seen = 0
  for (const count of counts) {
    seen += count.events
    if (seen >= rank) return count.value
  }
  return counts.at(-1)!.value
}

/** From the first bin with events to the last one. */
function binned(counts: readonly ValueCount[], edges: readonly number[]): Distribution['bins'] {
  const bounds = [null, ...edges, null]
  const bins = bounds.slice(1).map((to, index) => ({ from: bounds[index] ?? null, to, events: 0 }))
  for (const { value, events } of counts) {
    const above = edges.findLastIndex((edge) => edge <= value)
    bins[above + 1]!.events += events
  }
  const first = bins.findIndex(({ events }) => events > 0)
  const last = bins.findLastIndex(({ events }) => events > 0)
  return bins.slice(first, last + 1)
}
