import { ExitCode } from '../domain/exit-code.ts'
import { exitMeaning } from '../domain/exit-meaning.ts'
import { STATUSES } from '../domain/settlement.ts'
import type { EndedRun } from '../monitor/measure.ts'
import { formatCount, formatDuration } from './output.ts'

const SKIPPED = 'skipped: another run is at work, and tells of itself'

/** The last part of the address of the ping: what is neither good nor bad is only logged there. */
export function pingWord(facts: EndedRun): number | 'log' {
  return facts.isSkipped || isCutShort(facts) ? 'log' : facts.exitCode
}

/** Its time was up, or it was asked to stop, while all was well: the next run goes on where it stopped. */
function isCutShort({ exitCode, counts, summary }: EndedRun): boolean {
  return exitCode === ExitCode.tryAgain && summary?.stopped === 'run_stopped' && (counts?.delivered ?? 0) > 0
}

/**
 * What the health check is told of the end of a run, in a few lines: numbers and the run's own name. No ids of transactions or devices, no
 * words of anybody else's.
 */
export function pingText(facts: EndedRun, runId: string | null): string {
  const { exitCode, isSkipped, counts, summary, open, durationS } = facts
  const lines = [
    `run ${runId ?? '(not begun)'}, shard ${facts.shard}: ` +
      (isSkipped ? SKIPPED : `exit code ${exitCode}, ${exitMeaning(exitCode)}`),
    `took ${formatDuration(durationS * 1000)}`,
  ]
  if (counts?.read !== undefined) {
    const parts = STATUSES.filter((status) => (counts[status] ?? 0) > 0)
    const settled = parts.map((status) => `${formatCount(counts[status]!)} ${status}`).join(', ')
    lines.push(`read ${formatCount(counts.read)}${settled === '' ? '' : `: ${settled}`}`)
  }
  if (summary !== null)
    lines.push(`${formatCount(summary.requests)} requests, ${formatCount(summary.retries)} of them retries`)
  if (summary !== null && summary.stopped !== null) lines.push(`sending stopped: ${summary.stopped}`)
  if (open !== null)
    lines.push(
      `open: ${formatCount(open.counts.in_doubt)} in doubt, ${formatCount(open.counts.deferred)} deferred`,
    )
  return `${lines.join('\n')}\n`
}
