import { ExitCode } from '../domain/exit-code.ts'
import { shellWord } from '../domain/shell-word.ts'
import { doubtfulOf, type Resolved } from '../resolve-job.ts'
import { colour, commandLine, formatCount, formatInstant } from './output.ts'
import { formatReport } from './report-error.ts'
import type { ResolveFlags } from './resolve-flags.ts'
import { changesOf, type Details } from './resolve-text.ts'

const DOUBTFUL = {
  too_old: 'older than delivery.max_age_days: the next run settles it as expired and does not send it',
  too_recent: 'asked for less than 15 minutes ago: Adjust may still be working on that request',
} as const

/** For people, on standard error: what the change does not do, and what to type. */
export function warningLines(
  resolved: Resolved,
  { flags, maxAgeDays, command }: Details,
  stderr: NodeJS.WritableStream,
): string[] {
  const warn = (text: string) => `${colour('yellow', 'warning:', stderr)} ${text}`
  return [
    ...resolved.unfinished.map(({ runId, startedAtMs }) => warn(unfinishedText(runId, startedAtMs))),
    ...doubtfulTexts(resolved, maxAgeDays).map(warn),
    ...(resolved.judgements.length === 0 && 'runId' in flags.target
      ? nothingLines(flags.target.runId, stderr)
      : []),
    ...(command === null ? [] : confirmLines(resolved, flags, command, stderr)),
  ]
}

function unfinishedText(runId: string, startedAtMs: number): string {
  return (
    `run ${runId} of ${formatInstant(startedAtMs)} ended early: what it had in flight is in the journal and not in the audit table, ` +
    'so it cannot be resolved before the next run has put it there.'
  )
}

function doubtfulTexts(resolved: Resolved, maxAgeDays: number): string[] {
  const groups = Map.groupBy(changesOf(resolved), (change) => doubtfulOf(change, maxAgeDays, resolved.nowMs))
  return [...groups].flatMap(([doubtful, changes]) => {
    if (doubtful === null) return []
    const more = changes.length === 1 ? '' : ` and ${formatCount(changes.length - 1)} more`
    return `${changes[0]!.claim.transactionId}${more}: ${DOUBTFUL[doubtful]}.`
  })
}

function nothingLines(runId: string, stderr: NodeJS.WritableStream): string[] {
  return errorLines(
    `run ${runId} left nothing in doubt.`,
    '`adjust-s2s status` names the last runs, and what is in doubt.',
    stderr,
  )
}

function confirmLines(
  resolved: Resolved,
  { confirm }: ResolveFlags,
  command: string,
  stderr: NodeJS.WritableStream,
): string[] {
  const count = changesOf(resolved).length
  const changes = `${formatCount(count)} ${count === 1 ? 'event' : 'events'}`
  const problem =
    confirm === null
      ? `--run and --file need your confirmation: this changes ${changes}.`
      : `--confirm ${confirm} is another number: this changes ${changes} now.`
  return errorLines(problem, `If that is what you want: ${command}`, stderr)
}

function errorLines(message: string, hint: string, stream: NodeJS.WritableStream): string[] {
  const report = { message, hint, exitCode: ExitCode.usage, stack: null }
  return [formatReport(report, stream).trimEnd()]
}

/** The command that does what was shown. */
export function confirmCommand(
  resolved: Resolved,
  { target, verdict, why, by }: ResolveFlags,
  config: string | undefined,
): string {
  const words = [
    'runId' in target ? ['--run', target.runId] : 'file' in target ? ['--file', target.file] : [],
    verdict === null ? [] : ['--as', verdict],
    why === null ? [] : ['--reason', why],
    ['--by', by],
    ['--confirm', String(changesOf(resolved).length)],
  ]
  return commandLine(`resolve ${words.flat().map(shellWord).join(' ')}`, config)
}
