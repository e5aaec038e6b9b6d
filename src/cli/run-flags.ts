import { completionIndex } from '../config/completion-index.ts'
import { suggest } from '../config/suggest.ts'
import { TerminalError } from '../domain/errors.ts'
import { RESEND_MODES, type ResendMode } from '../domain/policy.ts'
import type { Shard } from '../domain/shard.ts'
import type { MaxRejected } from '../summary.ts'
import { parseInstant } from './instant.ts'

/** What `run` and `plan` are asked to do, checked. */
export interface RunFlags {
  /** Epoch milliseconds, inclusive; null for the age limit. */
  from: number | null
  /** Epoch milliseconds, exclusive; null for now minus the settle time. */
  to: number | null
  /** An app token. */
  app: string | null
  /** An event token. */
  event: string | null
  /** At most so many events. */
  limit: number | null
  resend: ResendMode
  shard: Shard | null
  maxRejected: MaxRejected | null
  /** Where the metrics of the run go, as typed; null for `metrics.file` of the configuration. */
  metricsFile: string | null
  /** Where the page about the run goes, as typed; null for none. */
  report: string | null
  dryRun: boolean
}

/** The flags as typed. */
export interface RunFlagTexts {
  from?: string
  to?: string
  app?: string
  event?: string
  limit?: string
  resend?: string
  confirm?: string
  shard?: string
  maxRejected?: string
  metricsFile?: string
  report?: string
  dryRun?: boolean
}

/** NaN, which no comparison accepts, for anything but digits. */
function wholeNumber(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}

function parseLimit(text: string): number {
  const limit = wholeNumber(text)
  if (limit >= 1) return limit
  throw new TerminalError(`--limit ${text}: that is not a whole number from 1.`, {
    hint: 'Such as --limit 1000.',
  })
}

/** BigQuery lets some twenty statements wait for their turn to change a table, and each shard changes its lease once a minute. */
const MOST_SHARDS = 16

/** Without `i` it is the number of the pod in an Indexed Job. */
function parseShard(text: string): Shard {
  const [indexText, countText] = /^\d*\/\d+$/.test(text) ? text.split('/') : []
  const index = indexText === '' ? completionIndex() : wholeNumber(indexText ?? '')
  const count = wholeNumber(countText ?? '')
  if (index !== null && index < count && count <= MOST_SHARDS) return { index, count }
  const isWithoutIndex = indexText === '' && index === null
  throw new TerminalError(
    isWithoutIndex
      ? `--shard ${text}: JOB_COMPLETION_INDEX is not set, so this is no pod of an Indexed Job.`
      : `--shard ${text}: that is not i/n with 0 ≤ i < n ≤ ${MOST_SHARDS}.`,
    { hint: 'Three processes share the work as --shard 0/3, --shard 1/3 and --shard 2/3.' },
  )
}

function parseMaxRejected(text: string): MaxRejected {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]
  if (percent !== undefined && Number(percent) <= 100) return { percent: Number(percent) }
  const count = wholeNumber(text)
  if (count >= 0) return { count }
  throw new TerminalError(`--max-rejected ${text}: that is neither a number of events nor a percentage.`, {
    hint: 'Such as --max-rejected 100, or --max-rejected 0.5%.',
  })
}

function parseToken(flag: string, text: string): string {
  const token = text.trim()
  if (token !== '') return token
  throw new TerminalError(`${flag} is empty.`, {
    hint: `Give the token as it stands in the source rows, or leave ${flag} out.`,
  })
}

function parseFile(flag: string, text: string): string {
  if (text.trim() !== '') return text
  throw new TerminalError(`${flag} is empty.`, { hint: `Give the path of a file, or leave ${flag} out.` })
}

function parseReport(text: string, { dryRun }: RunFlagTexts): string {
  if (dryRun === true)
    throw new TerminalError('--report goes without --dry-run: what is only planned has no report.', {
      hint: 'Leave one of them out.',
    })
  if (text === '-')
    throw new TerminalError('--report -: standard output belongs to the summary of the run.', {
      hint: 'Give --report a file; or run first, then `adjust-s2s report --output -`.',
    })
  return parseFile('--report', text)
}

function parseResend(text: string): ResendMode {
  const mode = RESEND_MODES.find((known) => known === text)
  if (mode !== undefined) return mode
  const meant = suggest(text, RESEND_MODES)
  throw new TerminalError(`--resend ${text}: allowed is ${RESEND_MODES.join(', ')}.`, {
    hint:
      meant === null
        ? '--resend failed sends rejected events again; none is the default.'
        : `Did you mean --resend ${meant}?`,
  })
}

/**
 * Sending again what Adjust has counted doubles it, for Adjust does not deduplicate:
 * whoever wants that names the window twice.
 */
function checkConfirmation({ from, to, confirm }: RunFlagTexts, resend: ResendMode): void {
  if (resend !== 'all') {
    if (confirm === undefined) return
    throw new TerminalError('--confirm goes with --resend all alone.', { hint: 'Leave --confirm out.' })
  }
  if (from === undefined || to === undefined) {
    throw new TerminalError('--resend all needs both --from and --to.', {
      hint: 'It sends delivered events again, and Adjust counts them again: name the window it is for.',
    })
  }
  if (confirm === `${from}/${to}`) return
  const problem =
    confirm === undefined ? 'it needs your confirmation' : `--confirm "${confirm}" is for another window`
  throw new TerminalError(
    `--resend all sends delivered events again, and Adjust counts them again: ${problem}.`,
    {
      hint: `If that is what you want, add: --confirm "${from}/${to}"`,
    },
  )
}

/** Checks the flags of `run` and `plan`. Throws a TerminalError that names the flag and its value. */
export function parseRunFlags(texts: RunFlagTexts): RunFlags {
  const parsed = <T>(text: string | undefined, parse: (text: string) => T) =>
    text === undefined ? null : parse(text)
  const flags: RunFlags = {
    from: parsed(texts.from, (text) => parseInstant('--from', text)),
    to: parsed(texts.to, (text) => parseInstant('--to', text)),
    app: parsed(texts.app, (text) => parseToken('--app', text)),
    event: parsed(texts.event, (text) => parseToken('--event', text)),
    limit: parsed(texts.limit, parseLimit),
    resend: parseResend(texts.resend ?? 'none'),
    shard: parsed(texts.shard, parseShard),
    maxRejected: parsed(texts.maxRejected, parseMaxRejected),
    metricsFile: parsed(texts.metricsFile, (text) => parseFile('--metrics-file', text)),
    report: parsed(texts.report, (text) => parseReport(text, texts)),
    dryRun: texts.dryRun ?? false,
  }
  if (flags.from !== null && flags.to !== null && flags.from >= flags.to) {
    throw new TerminalError(
      `--from ${texts.from} is not before --to ${texts.to}: the window would be empty.`,
      {
        hint: '--from is the first instant that counts, --to the first that no longer does; both are UTC.',
      },
    )
  }
  checkConfirmation(texts, flags.resend)
  return flags
}
