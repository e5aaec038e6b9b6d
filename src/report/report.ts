import { MS_PER_DAY } from '../domain/durations.ts'
import type { OpenLimits } from '../domain/given-up.ts'
import { type Shard, shareOf } from '../domain/shard.ts'
import { VERSION } from '../version.ts'
import { instant, LAST_INSTANT_MS } from '../warehouse/instants.ts'
import type { QueryParameters, Warehouse } from '../warehouse/warehouse.ts'
import { ANSWER_TIME_EDGES, LAG_EDGES, readDistribution } from './distribution.ts'
import { headlineOf } from './headline.ts'
import { readOpen, shardParameters } from './open-events.ts'
import {
  outcomesOfReasons,
  readOutcomesOfTokens,
  readTotals,
  repeatsOf,
  reportCounts,
  type Total,
  type Totals,
} from './outcomes.ts'
import type { Report, RunState } from './report-data.ts'
import { revenueOf, type StatusAmount } from './revenue.ts'
import { type Failure, iso, pastRun, runFacts, stateOf } from './run-facts.ts'
import { type RunRecord, readRuns } from './run-record.ts'
import { readSending } from './sending.ts'

export interface ReportRequest {
  warehouse: Pick<Warehouse, 'query'>
  run: RunRecord
  limits: OpenLimits & { requestsPerSecond: number }
  /** Whether a run holds the lease of its shard. */
  isSending: (runId: string) => boolean
  /** What ended the run, where it is this process's own and could not log it. */
  failure?: Failure | null
  /** Epoch milliseconds. */
  nowMs: number
}

const SHOWN_RUNS = 30
const SHOWN_NEWER_RUNS = 5

/** Reads all that is known of one run. Reads only; what is counted is counted by the warehouse. */
export async function gatherReport(request: ReportRequest): Promise<Report> {
  const { warehouse, run, limits, nowMs } = request
  const part = partOf(run)
  const ofRun = { run_id: run.runId, ...part }
  const totals = await readTotals(warehouse, ofRun)
  const facts = runFacts(run, stateOfRun(run, request), request.failure ?? null, totals.lastSettledAtMs)
  const scope = { app: run.app ?? '', event: run.event ?? '', ...shardParameters(shardOf(run)) }
  const { open, amounts } = await readOpen(warehouse, { ...part, ...scope }, run.endedAtMs ?? nowMs, limits)
  const counts = reportCounts(run, totals.rows)
  const reasons = outcomesOfReasons(run, totals.rows)
  return {
    generated_at: iso(nowMs),
    generated_by: VERSION,
    run: facts,
    headline: headlineOf({ run: facts, counts, reasons, open }),
    counts,
    reasons,
    ...(await readOutcomesOfTokens(warehouse, ofRun, totals.rows)),
    repeats: repeatsOf(totals.rows),
    revenue: revenueOf([...finalAmounts(totals.rows), ...amounts]),
    sending: await sendingOf(request, ofRun, totals),
    answer_time_ms: await readDistribution(warehouse, 'report/answer-times.sql', ofRun, ANSWER_TIME_EDGES),
    delivery_lag_s: await readDistribution(warehouse, 'report/delivery-lags.sql', ofRun, LAG_EDGES),
    open,
    ...(await readOtherRuns(request)),
  }
}

/**
 * Which partitions of the audit table hold the rows of the run. A window that ends where the run began has no later end: then rows of the
 * future are settled, too. `delivery.settle_minutes` is a day at most.
 */
function partOf({ windowFromMs, windowToMs, startedAtMs }: RunRecord): QueryParameters {
  const reachesNow = windowToMs === null || windowToMs >= startedAtMs - MS_PER_DAY
  return {
    occurred_from: instant(windowFromMs ?? 0),
    occurred_to: instant(reachesNow ? LAST_INSTANT_MS : windowToMs),
  }
}

function stateOfRun(run: RunRecord, { isSending, failure }: ReportRequest): RunState {
  return stateOf(run, isSending(run.runId), failure)
}

/** Of what is open, `open.sql` knows the amounts: also of waits that go on, which have no row of this run. */
function finalAmounts(totals: readonly Total[]): StatusAmount[] {
  return totals.flatMap(({ status, currency, eventsWithAmount, amount }) => {
    if (status === 'retried' || status === 'deferred' || status === 'in_doubt' || amount === null) return []
    return [{ status, currency, events: eventsWithAmount, amount: String(amount) }]
  })
}

async function sendingOf(
  { warehouse, run, limits }: ReportRequest,
  ofRun: QueryParameters,
  { firstSentAtMs, lastSettledAtMs }: Totals,
): Promise<Report['sending']> {
  if (firstSentAtMs === null || lastSettledAtMs === null) return null
  const limit = shareOf(limits.requestsPerSecond, shardOf(run))
  return readSending(warehouse, ofRun, { firstSentAtMs, lastSettledAtMs }, limit)
}

function shardOf({ shard }: RunRecord): Shard {
  const [index = 0, count = 1] = shard.split('/').map(Number)
  return { index, count }
}

async function readOtherRuns(request: ReportRequest): Promise<Pick<Report, 'history' | 'newer_runs'>> {
  const { warehouse, run } = request
  const { shard, startedAtMs } = run
  const past = await readRuns(warehouse, { shard, startedToMs: startedAtMs, limit: SHOWN_RUNS })
  const later = await readRuns(warehouse, { shard, startedFromMs: startedAtMs, limit: SHOWN_NEWER_RUNS + 1 })
  const newer = later.filter(({ runId }) => runId !== run.runId).slice(0, SHOWN_NEWER_RUNS)
  const listed = (other: RunRecord) =>
    pastRun(
      other,
      other.runId === run.runId ? stateOfRun(run, request) : stateOf(other, request.isSending(other.runId)),
    )
  return {
    history: past.map(listed).toReversed(),
    newer_runs: newer.map(listed).map(({ run_id, started_at, state }) => ({ run_id, started_at, state })),
  }
}
