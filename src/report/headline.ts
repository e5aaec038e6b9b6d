import { ExitCode } from '../domain/exit-code.ts'
import { groupedDigits } from '../domain/grouped-digits.ts'
import { REASONS, type Reason } from '../domain/reason.ts'
import { LOST, nextSteps } from './next-steps.ts'
import type { Headline, Level, Report } from './report-data.ts'

/** Reasons that stop a whole run, in the order in which they are to be named. */
const STOPPED = [
  'credentials_refused',
  'adjust_unavailable',
  'lease_lost',
  'too_many_waiting',
  'run_stopped',
] as const satisfies Reason[]

type Known = Pick<Report, 'run' | 'counts' | 'reasons' | 'open'>

/** In words: is all well, and what is to be done next? */
export function headlineOf(report: Known): Headline {
  const { level, sentence } = verdict(report)
  const { counts } = report
  const next = nextSteps(report)
  if (counts.differences.length === 0 && counts.adds_up !== false) return { level, sentence, next }
  return {
    level: 'bad',
    sentence: `${sentence} Its counts and the audit table do not agree.`,
    next: [AGREE, ...next],
  }
}

const AGREE = {
  command: null,
  why: 'See “Where every row went”: audit rows of this run are missing or were added. Has somebody deleted rows, or have partitions of the audit table expired?',
}

interface Verdict {
  level: Level
  sentence: string
}

function verdict({ run, counts, reasons }: Known): Verdict {
  const delivered = `${plural(counts.delivered, 'event was', 'events were')} delivered`
  switch (run.state) {
    case 'ended':
      return endedVerdict(run.exit_code, counts, reasons)
    case 'failed':
      return { level: 'bad', sentence: `The run failed after ${delivered}: ${run.error}` }
    case 'running':
      return {
        level: 'attention',
        sentence: `The run is at work, or died a moment ago; ${delivered} so far.`,
      }
    case 'recovered':
      return {
        level: 'attention',
        sentence: `The run died after ${delivered}; a later run has settled what it left.`,
      }
    case 'lost':
      return {
        level: 'bad',
        sentence: `The run died and its journal is gone: what it may have sent is in doubt. ${sentenceOf(delivered)}.`,
      }
    case 'died':
      if (run.claimed_to === null)
        return { level: 'attention', sentence: 'The run died before it had sent anything.' }
      return {
        level: 'bad',
        sentence: `The run died after at least ${delivered}; the next run settles what it left.`,
      }
  }
}

function endedVerdict(
  exitCode: number | null,
  counts: Report['counts'],
  reasons: Report['reasons'],
): Verdict {
  const rows = `${number(counts.delivered)} of ${plural(counts.read ?? 0, 'event was', 'events were')} delivered`
  const stopped = STOPPED.find((reason) => reasons.some((found) => found.reason === reason))
  switch (exitCode) {
    case ExitCode.ok:
      return settledVerdict(counts, rows)
    case ExitCode.refused:
      return {
        level: 'bad',
        sentence: `Adjust refused the credentials, an app or an event token: ${rows}, ${number(counts.deferred)} wait until that is mended.`,
      }
    case ExitCode.tooManyRejected:
      return {
        level: 'bad',
        sentence: `Too many events were rejected or are in doubt: ${rows}, ${number(counts.rejected)} rejected, ${number(counts.in_doubt)} in doubt.`,
      }
    case ExitCode.tryAgain:
      return {
        level: 'attention',
        sentence: `The run stopped before its end: ${rows}. ${stopMeaning(stopped)}`,
      }
    default:
      return { level: 'bad', sentence: `The run ended with exit code ${exitCode}: ${rows}.` }
  }
}

/** The meaning of a reason is about one event; of the whole run less is to be said. */
function stopMeaning(reason: Reason | undefined): string {
  if (reason === undefined) return 'The next run goes on.'
  return reason === 'run_stopped' ? 'It was asked to stop, or the warehouse failed.' : REASONS[reason].meaning
}

/** The run did what it should; its events may still have met trouble. */
function settledVerdict(counts: Report['counts'], rows: string): Verdict {
  if (counts.read === 0) return { level: 'good', sentence: 'All is well: there was nothing to send.' }
  const lost = LOST.reduce((sum, status) => sum + counts[status], 0)
  const unknown = counts.in_doubt + counts.abandoned
  const troubles = [
    lost > 0 ? `${number(lost)} ${lost === 1 ? 'does' : 'do'} not reach Adjust as things stand` : '',
    unknown > 0
      ? `of ${number(unknown)} nobody knows whether Adjust counted ${unknown === 1 ? 'it' : 'them'}`
      : '',
  ].filter((text) => text !== '')
  const waiting =
    counts.deferred > 0
      ? `, ${number(counts.deferred)} ${counts.deferred === 1 ? 'waits' : 'wait'} for a later run`
      : ''
  if (troubles.length === 0)
    return { level: 'good', sentence: `All is well: ${rows}${waiting}${nothingElse(counts)}.` }
  return {
    level: 'attention',
    sentence: `The run ended as it should, and some events need a look: ${rows}${waiting}; ${troubles.join(', and ')}.`,
  }
}

function nothingElse({ read, delivered, deferred }: Report['counts']): string {
  return delivered + deferred === read ? '' : ', and the rest needs nothing'
}

function number(count: number): string {
  return groupedDigits(count)
}

function plural(count: number, one: string, many: string): string {
  return `${number(count)} ${count === 1 ? one : many}`
}

function sentenceOf(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
