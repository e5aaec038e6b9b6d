import { ExitCode } from '../../../src/domain/exit-code.ts'
import { type EndedRun, summaryOf } from './run-process.ts'

/**
 * What is wrong with the way in which a run ended that was not killed; null when nothing is. It may be done (0) or ask to be tried again
 * (75), and what it says of itself has to add up.
 */
export function wrongExit(
  run: EndedRun,
  allowed: readonly number[] = [ExitCode.ok, ExitCode.tryAgain],
): string | null {
  if (run.code === null) return `ended by ${run.signal}`
  if (!allowed.includes(run.code)) return `exit code ${run.code}: ${lastWords(run)}`
  const summary = summaryOf(run)
  if (summary === null) return run.code === ExitCode.ok ? 'exit code 0 without a summary' : null
  const { read, ...settled } = summary.counts
  const sum = Object.values(settled).reduce((total, count) => total + count, 0)
  return sum === read ? null : `${read} rows read, and ${sum} settled`
}

/** A run that found another one at work: it ends with 75, says so, and has not begun. */
export function isShutOut(run: EndedRun): boolean {
  return (
    run.code === ExitCode.tryAgain &&
    run.begunAfterMs === null &&
    run.stderr.includes(' is in use by process ')
  )
}

export function lastWords({ stderr }: EndedRun): string {
  return stderr.trim().split('\n').slice(-3).join(' | ')
}
