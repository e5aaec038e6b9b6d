import type { ExitCode } from '../domain/exit-code.ts'
import type { Change, Judgement, Resolved } from '../resolve-job.ts'
import { type Cell, colour, formatCount, formatInstant, formatTable, oneLine } from './output.ts'
import type { ResolveFlags } from './resolve-flags.ts'

/** A mass change shows so many of each sort; `--json` has them all. */
const SHOWN_EVENTS = 20

export interface Details {
  flags: ResolveFlags
  maxAgeDays: number
  /** What to type for a mass change that waits to be confirmed; null when none waits. */
  command: string | null
  exitCode: ExitCode
}

export function changesOf({ judgements }: Resolved): Change[] {
  return judgements.filter((judgement) => judgement.kind === 'change')
}

/** What was changed, or would be, and what was left. */
export function resolvedText(resolved: Resolved, { flags }: Details, stdout: NodeJS.WritableStream): string {
  const { judgements, isWritten, runId } = resolved
  const changes = changesOf(resolved)
  const isOpenAgain = changes.some(({ resolution }) => resolution.status === 'deferred')
  const lines = [
    ...section(isWritten ? 'resolved' : 'would be resolved', changes.map(changeRow), stdout),
    ...section('already resolved so', unchangedRows(judgements), stdout),
    ...section('left as it was', refusedRows(judgements), stdout),
    isWritten && changes.length > 0
      ? `In the audit table as run ${runId}, by ${oneLine(flags.by)}.`
      : 'Nothing was written.',
    ...(isWritten && isOpenAgain ? [NOT_DELIVERED] : []),
  ]
  return `${lines.join('\n')}\n`
}

/** What happens to an event that is open again is the next run's to decide. */
const NOT_DELIVERED =
  'The next run sends what was not delivered, if it is young enough and no later event of its device was delivered meanwhile.'

function section(what: string, rows: Cell[][], stdout: NodeJS.WritableStream): string[] {
  if (rows.length === 0) return []
  const title = `${formatCount(rows.length)} ${what}`
  const table = formatTable(rows.slice(0, SHOWN_EVENTS), { indent: 2 })
  const more = rows.length - SHOWN_EVENTS
  const rest = more > 0 ? [`  … and ${formatCount(more)} more`] : []
  return [colour('bold', title, stdout), table, ...rest, '']
}

function unchangedRows(judgements: readonly Judgement[]): Cell[][] {
  return judgements.flatMap((judgement) =>
    judgement.kind === 'unchanged'
      ? [[said(judgement.claim.transactionId), said(judgement.settlement.message ?? '')]]
      : [],
  )
}

function refusedRows(judgements: readonly Judgement[]): Cell[][] {
  return judgements.flatMap((judgement) =>
    judgement.kind === 'refused' ? [[said(judgement.claim.transactionId), judgement.because]] : [],
  )
}

function changeRow({ claim, settlement, resolution }: Change): Cell[] {
  const { status, reason, revenue, currency } = settlement
  const occurredAt = occurredAtMs(settlement)
  return [
    said(claim.transactionId),
    occurredAt === null ? null : formatInstant(Math.floor(occurredAt)),
    revenue === null ? 'no revenue' : `${revenue} ${currency ?? ''}`.trim(),
    `${status} (${reason}) → ${resolution.status} (${resolution.reason})`,
    said(claim.why),
  ]
}

/** Words of people's, cut: `--json` has them whole. */
const SAID_CHARACTERS = 60

function said(words: string): string {
  const line = oneLine(words).trim()
  return line.length > SAID_CHARACTERS ? `${line.slice(0, SAID_CHARACTERS)}…` : line
}

export function occurredAtMs({ occurredAtMicros }: { occurredAtMicros: number | null }): number | null {
  return occurredAtMicros === null ? null : occurredAtMicros / 1000
}
