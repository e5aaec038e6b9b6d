import { MS_PER_DAY } from '../domain/durations.ts'
import { groupedDigits } from '../domain/grouped-digits.ts'
import type { Status } from '../domain/settlement.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'
import { LOST } from './next-steps.ts'
import type { Headline } from './report-data.ts'
import { type RunRecord, readRuns } from './run-record.ts'

/** More than a day has of them, where each shard runs every quarter of an hour. */
const LOOKED_AT = 500

/** What somebody may have to look at. */
const NOT_DELIVERED: readonly Status[] = [...LOST, 'in_doubt', 'abandoned']

/**
 * Which other runs somebody may mean who named none and got the newest one that ended: a newer one that did not end; and where this one
 * had nothing to do, the newest of the last 24 hours that did not deliver everything.
 */
export async function stepsToOtherRuns(
  warehouse: Pick<Warehouse, 'query'>,
  { runId, startedAtMs, counts }: RunRecord,
  nowMs: number,
): Promise<Headline['next']> {
  const newer = await readRuns(warehouse, { startedFromMs: startedAtMs, limit: LOOKED_AT })
  const unfinished = newer.find((run) => run.endedAtMs === null && run.runId !== runId)
  const steps: Headline['next'] =
    unfinished === undefined
      ? []
      : [{ command: `report ${unfinished.runId}`, why: 'is about a newer run, which has not ended.' }]
  if (counts?.read !== 0) return steps
  const past = { startedFromMs: nowMs - MS_PER_DAY, startedToMs: startedAtMs, endedOnly: true }
  const earlier = await readRuns(warehouse, { ...past, limit: LOOKED_AT })
  const troubled = earlier.find((run) => notDelivered(run) > 0)
  if (troubled === undefined) return steps
  const why = `is about an earlier run of the last 24 hours, with ${groupedDigits(notDelivered(troubled))} not delivered.`
  return [...steps, { command: `report ${troubled.runId}`, why }]
}

function notDelivered({ counts }: RunRecord): number {
  return counts === null ? 0 : NOT_DELIVERED.reduce((sum, status) => sum + counts[status], 0)
}
