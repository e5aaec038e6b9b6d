import { ExitCode } from '../domain/exit-code.ts'
import { REASONS, type Reason } from '../domain/reason.ts'
import type { Status } from '../domain/settlement.ts'
import { shellWord } from '../domain/shell-word.ts'
import type { Headline, Report } from './report-data.ts'

/** Statuses of events that Adjust does not count unless somebody does something, if then. */
export const LOST = ['rejected', 'invalid', 'expired', 'late'] as const satisfies Status[]

type Known = Pick<Report, 'run' | 'counts' | 'reasons' | 'open'>

/** What the reader would type or do, and why; the most urgent first. */
export function nextSteps({ run, counts, reasons, open }: Known): Headline['next'] {
  return [
    ...stateSteps(run, reasons),
    ...mendingSteps(reasons),
    ...doubtSteps(counts, open),
    ...lostSteps(reasons),
  ]
}

function stateSteps(
  { state, exit_code: exitCode }: Report['run'],
  reasons: Report['reasons'],
): Headline['next'] {
  const refused = reasons.filter(({ reason }) => (REFUSALS as readonly string[]).includes(reason))
  const steps: Headline['next'] = refused.map(({ advice }) => ({ command: 'run', why: advice }))
  if (state === 'failed' || state === 'died')
    steps.push({ command: 'run', why: 'settles what this one left, and goes on.' })
  if (state === 'ended' && exitCode === ExitCode.tryAgain)
    steps.push({ command: 'run', why: 'goes on where this one stopped; a schedule does so by itself.' })
  if (state === 'running')
    steps.push({ command: 'status', why: 'shows who holds the lease, and until when.' })
  return steps
}

const REFUSALS = [
  'credentials_refused',
  'app_stopped',
  'token_stopped',
  'rejection_storm',
] as const satisfies Reason[]

/** What somebody can do about rows that were refused, for the most frequent reason of which that is so. */
function mendingSteps(reasons: Report['reasons']): Headline['next'] {
  const failed = reasons.filter(
    ({ status, advice }) => (status === 'rejected' || status === 'invalid') && advice !== REASONS.ok.advice,
  )
  const most = failed.reduce<Report['reasons'][number] | null>(
    (top, found) => (found.events > (top?.events ?? 0) ? found : top),
    null,
  )
  if (most === null) return []
  const all = failed.reduce((sum, { events }) => sum + events, 0)
  const which = most.events * 2 > all ? `Most are ${most.reason}` : `Such as ${most.reason}`
  return [{ command: 'run --resend failed', why: `once the rows are mended. ${which}: ${most.advice}` }]
}

function doubtSteps(
  { in_doubt }: Report['counts'],
  { in_doubt_events: [first] }: Report['open'],
): Headline['next'] {
  if (in_doubt === 0 && first === undefined) return []
  const steps = [
    {
      command: 'reconcile --export FILE',
      why: "finds what is in doubt in Adjust's raw data export; `adjust-s2s resolve` takes a person's word.",
    },
  ]
  return first === undefined
    ? steps
    : [
        ...steps,
        { command: explainCommand(first.transaction_id), why: 'tells the story of the oldest one in doubt.' },
      ]
}

function lostSteps(reasons: Report['reasons']): Headline['next'] {
  const lost = reasons.find(({ status }) => (LOST as readonly Status[]).includes(status))
  return lost === undefined
    ? []
    : [{ command: explainCommand(lost.example), why: `tells the story of one that is ${lost.status}.` }]
}

/** Ids are user data: one may begin like a flag, or hold what means something to a shell. */
function explainCommand(transactionId: string): string {
  return `explain ${transactionId.startsWith('-') ? '-- ' : ''}${shellWord(transactionId)}`
}
