import type { Config } from './config.ts'
import { type Clock, systemClock } from './domain/clock.ts'
import { isHeld, readLeases } from './lease/lease-row.ts'
import { chooseRun } from './report/choose-run.ts'
import { stepsToOtherRuns } from './report/other-runs.ts'
import { gatherReport } from './report/report.ts'
import type { Report } from './report/report-data.ts'
import type { Failure } from './report/run-facts.ts'
import type { Warehouse } from './warehouse/warehouse.ts'

export interface ReportJob {
  config: Config
  warehouse: Pick<Warehouse, 'query' | 'isExclusive'>
  /** A run id or an abbreviation of one; null for the newest run that ended. */
  run: string | null
  /** What ended the run, where it is this process's own and could not log it. */
  failure?: Failure | null
  clock?: Clock
}

/**
 * Gathers all that is known of a run. Reads only.
 *
 * @throws TerminalError when no such run is known, or when `run` is short for several.
 */
export async function reportJob({
  config,
  warehouse,
  run,
  failure,
  clock = systemClock,
}: ReportJob): Promise<Report> {
  const chosen = await chooseRun(warehouse, run)
  const leases = await readLeases(warehouse)
  const nowMs = clock.now()
  // Whoever can look at a warehouse that one process has at a time knows that no other run is alive.
  const isAlone = warehouse.isExclusive === true
  const isSending = (runId: string) =>
    !isAlone && leases.some((lease) => lease.holder === runId && isHeld(lease, nowMs))
  const { requestsPerSecond, maxAgeDays, inDoubtHoldHours } = config.delivery
  const limits = { requestsPerSecond, maxAgeDays, inDoubtHoldHours }
  const report = await gatherReport({
    warehouse,
    run: chosen,
    limits,
    isSending,
    failure: failure ?? null,
    nowMs,
  })
  if (run !== null) return report
  const others = await stepsToOtherRuns(warehouse, chosen, nowMs)
  return { ...report, headline: { ...report.headline, next: [...others, ...report.headline.next] } }
}
