import { REASONS, type Reason } from '../domain/reason.ts'
import type { ReasonCount, Status } from '../domain/settlement.ts'
import { shellWord } from '../domain/shell-word.ts'
import type { RunSummary } from '../summary.ts'
import { formatGb } from '../warehouse/gigabytes.ts'
import type { CommandContext } from './command.ts'
import {
  colour,
  commandLine,
  formatCount,
  formatDuration,
  formatInstant,
  formatTable,
  oneLine,
  paragraph,
} from './output.ts'

const COLOURS: Partial<Record<Status, 'green' | 'red' | 'yellow'>> = {
  delivered: 'green',
  rejected: 'red',
  invalid: 'red',
  expired: 'red',
  abandoned: 'red',
  late: 'yellow',
  in_doubt: 'yellow',
  deferred: 'yellow',
}

/** Somebody may ask why such an event was not counted. */
const NEEDS_A_LOOK: ReadonlySet<Status> = new Set(['rejected', 'invalid', 'late', 'expired'])

/** The summary of a run for a person: counts that add up, why, and what to do next. */
export function formatSummary(summary: RunSummary, { stdout, flags }: CommandContext): string {
  const { counts, requests, retries, duration_s: durationS, rate_per_s: rate } = summary
  const effort = [
    plural(requests, 'request', 'requests'),
    retries > 0 ? plural(retries, 'retry', 'retries') : '',
    formatDuration(durationS * 1000),
    `${formatCount(Math.round(rate))}/s`,
    summary.bytes_billed === null ? '' : `${formatGb(summary.bytes_billed)} billed`,
  ]
  const lines = [
    colour('bold', `Run ${summary.run_id}`, stdout),
    `  ${formatInstant(Date.parse(summary.window.from))} up to ${formatInstant(Date.parse(summary.window.to))}`,
    `  ${effort.filter((part) => part !== '').join(' · ')}`,
    '',
    formatTable([['read', counts.read, ''], ...summary.reasons.map((reason) => reasonRow(reason, stdout))], {
      indent: 2,
      columns: stdout.columns,
    }),
    '',
    ...endLines(summary).map((line) => paragraph(line, { columns: stdout.columns })),
  ]
  const next = flags.quiet ? [] : nextSteps(summary, flags.config)
  if (next.length > 0)
    lines.push('', colour('bold', 'Next', stdout), formatTable(next, { indent: 2, columns: stdout.columns }))
  return `${lines.join('\n')}\n`
}

function plural(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

function reasonRow({ status, reason, count, example }: ReasonCount, stream: NodeJS.WriteStream) {
  const style = COLOURS[status]
  const meaning = REASONS[reason as Reason]?.meaning ?? reason
  const such = status === 'delivered' ? '' : `, such as ${oneLine(example)}`
  return [style === undefined ? status : colour(style, status, stream), count, `${reason}${such}: ${meaning}`]
}

function endLines({
  window,
  counts,
  recovered,
  stopped,
  last_failure: lastFailure,
  refused,
  read_to_end: readToEnd,
}: RunSummary): string[] {
  const { read, deferred, in_doubt: inDoubt, ...settled } = counts
  const sum = Object.values(settled).reduce((total, count) => total + count, 0)
  const parts = [
    `${formatCount(sum)} settled`,
    deferred > 0 ? `${formatCount(deferred)} waiting` : '',
    inDoubt > 0 ? `${formatCount(inDoubt)} in doubt` : '',
  ]
  const right = parts.filter((part) => part !== '').join(' + ')
  const lines = [`Every row is accounted for: ${formatCount(read)} read = ${right}.`]
  if (recovered > 0) {
    lines.push(
      `An earlier run ended early; ${plural(recovered, 'outcome', 'outcomes')} from its journal went into the audit table first.`,
    )
  }
  if (window.from === window.to) {
    lines.push('The window is empty so far: without --to it ends delivery.settle_minutes before now.')
  }
  if (stopped !== null) lines.push(`Sending stopped: ${REASONS[stopped].meaning}`)
  if (stopped === 'adjust_unavailable' && lastFailure !== null)
    lines.push(`The last failure: ${oneLine(lastFailure)}`)
  if (!readToEnd) lines.push('The rest of the window was not read; the next run takes it up.')
  for (const { name, reason } of refused) lines.push(`${name} stopped: ${REASONS[reason].meaning}`)
  return lines
}

/** They are rejected one by one, and the other events of the token wait. */
const WRONG_TOKENS: ReadonlySet<Reason> = new Set(['invalid_app_token', 'invalid_event_token'])

/** What the person at the terminal would type, and why; most urgent first. */
function nextSteps(summary: RunSummary, config?: string): [command: string, why: string][] {
  const { counts, stopped, refused, read_to_end: readToEnd, reasons } = summary
  const command = (words: string) => commandLine(words, config)
  const steps: [string, string][] = []
  const advice = mendingAdvice(reasons)
  // A run that leaves the rejected ones out delivers later events of their devices, and makes them late for good.
  const isTokenWrong = reasons.some(({ reason }) => WRONG_TOKENS.has(reason as Reason))
  if (!isTokenWrong) {
    for (const reason of new Set([stopped, ...refused.map((refusal) => refusal.reason)])) {
      if (reason !== null && reason !== 'run_stopped')
        steps.push([command('run'), `goes on, once this is done: ${REASONS[reason].advice}`])
    }
  }
  if (advice !== null) steps.push([command('run --resend failed'), `once the rows are mended: ${advice}`])
  if (!readToEnd && !isTokenWrong && steps.length === 0)
    steps.push([command('run'), 'goes on with the rest of the window'])
  if (counts.deferred > 0 || counts.in_doubt > 0) {
    steps.push([command('status'), 'shows what waits or is in doubt, and for how long'])
  }
  const lost = reasons.find(({ status }) => NEEDS_A_LOOK.has(status))
  if (lost !== undefined)
    steps.push([
      command(`explain ${shellWord(lost.example)}`),
      `tells the story of one that was ${lost.status}`,
    ])
  return steps
}

/** What to do about the most frequent reason that somebody can do something about. */
function mendingAdvice(reasons: readonly ReasonCount[]): string | null {
  const failed = reasons.filter(({ status }) => status === 'rejected' || status === 'invalid')
  const mendable = failed.filter(({ reason }) => REASONS[reason as Reason].advice !== REASONS.ok.advice)
  const [most] = mendable.sort((one, other) => other.count - one.count)
  return most === undefined ? null : REASONS[most.reason as Reason].advice
}
