import { summarizeTruth } from '../../../src/simulator/truth-summary.ts'
import type { CheckSettings } from './check.ts'
import type { AuditRow, Witnesses } from './witnesses.ts'

/**
 * No second with more arrivals than the rate and what was in flight when it began, for so many may be held up on their way and arrive with
 * those behind them; and no second at the sender's end with more than the rate, by its own account of a run.
 */
export function findTooFast({ truth, audit }: Witnesses, settings: CheckSettings): string[] {
  const { requestsPerSecond, concurrency } = settings
  const busiest = summarizeTruth(truth).busiestSecond?.requests ?? 0
  const tooMany = busiest > requestsPerSecond + concurrency ? [`${busiest} arrivals in one second`] : []
  const tooSoon = [...sentByRun(audit)].flatMap(([runId, times]) => {
    const spans = times.slice(requestsPerSecond).map((time, index) => time - times[index]!)
    // Instants in the audit table are whole milliseconds.
    return spans.some((span) => span < 999) ? `${runId}: more than ${requestsPerSecond} a second` : []
  })
  return [...tooMany, ...tooSoon]
}

/** The times at which two runs sent never overlap. */
export function findTwoSenders(audit: readonly AuditRow[]): string[] {
  const spans = [...sentByRun(audit)].map(([runId, times]) => ({ runId, from: times[0]!, to: times.at(-1)! }))
  spans.sort((one, other) => one.from - other.from)
  return spans.slice(1).flatMap(({ runId, from }, index) => {
    const before = spans[index]!
    return from < before.to ? `${before.runId} and ${runId} sent at the same time` : []
  })
}

/**
 * When each run sent its requests, epoch milliseconds, in order. Where a process died, the audit table knows the intent, not the instant at
 * which the request left. A row may stand there twice, for who appends to BigQuery cannot always know whether it has.
 */
function sentByRun(audit: readonly AuditRow[]): Map<string, number[]> {
  const runs = new Map<string, Map<string, number>>()
  for (const { id, attempt, runId, sentAtMs, reason } of audit) {
    if (sentAtMs === null || reason === 'process_died') continue
    const requests = runs.get(runId) ?? new Map<string, number>()
    runs.set(runId, requests.set(`${id} ${attempt}`, sentAtMs))
  }
  const inOrder = (times: Iterable<number>) => [...times].sort((one, other) => one - other)
  return new Map([...runs].map(([runId, requests]) => [runId, inOrder(requests.values())]))
}
