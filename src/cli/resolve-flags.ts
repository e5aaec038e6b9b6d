import { userInfo } from 'node:os'
import { suggest } from '../config/suggest.ts'
import { TerminalError } from '../domain/errors.ts'
import { VERDICTS, type Verdict } from '../resolve-job.ts'

/** What `resolve` is asked to do, checked. */
export interface ResolveFlags {
  /** One event or a few, or a mass change, which needs `confirm`. */
  target: { ids: string[] } | { runId: string } | { file: string }
  /** null where the file says it. */
  verdict: Verdict | null
  /** null where the file says it. */
  why: string | null
  by: string
  dryRun: boolean
  /** So many events are to change. */
  confirm: number | null
}

/** The flags as typed. */
export interface ResolveFlagTexts {
  run?: string
  file?: string
  as?: string
  reason?: string
  by?: string
  dryRun?: boolean
  confirm?: string
}

/** It stands in each audit row. */
const WHY_CHARACTERS_MAX = 1000
const BY_CHARACTERS_MAX = 100

/** Checks the arguments of `resolve`. Throws a TerminalError that names the flag and its value. */
export function parseResolveFlags(ids: readonly string[], texts: ResolveFlagTexts): ResolveFlags {
  const target = parseTarget(ids, texts)
  const isFile = 'file' in target
  if (texts.as === undefined && !isFile)
    throw new TerminalError('--as is missing: what became of it?', { hint: AS_HINT })
  if (texts.reason === undefined && !isFile)
    throw new TerminalError('--reason is missing: how do you know?', { hint: REASON_HINT })
  return {
    target,
    verdict: texts.as === undefined ? null : parseVerdict('--as', texts.as),
    why: texts.reason === undefined ? null : parseWhy('--reason', texts.reason),
    by: parseBy(texts.by),
    dryRun: texts.dryRun ?? false,
    confirm: parseConfirm(texts.confirm, 'ids' in target),
  }
}

export const AS_HINT =
  'delivered: Adjust has it. not-delivered: it has it not, and the next run sends it. abandoned: nobody knows, and it is not sent again.'
export const REASON_HINT =
  'It goes into the audit table, such as --reason "found in the raw data export of 2026-11-20".'

/** `where` is the flag, or the place in a file. */
export function parseVerdict(where: string, text: string): Verdict {
  const verdict = VERDICTS.find((known) => known === text.trim())
  if (verdict !== undefined) return verdict
  const meant = suggest(text, VERDICTS)
  throw new TerminalError(`${where} ${text}: allowed is ${VERDICTS.join(', ')}.`, {
    hint: meant === null ? AS_HINT : `Did you mean ${meant}?`,
  })
}

export function parseWhy(where: string, text: string): string {
  const why = text.trim()
  if (why === '') throw new TerminalError(`${where} is empty.`, { hint: REASON_HINT })
  if (why.length <= WHY_CHARACTERS_MAX) return why
  throw new TerminalError(`${where} is longer than ${WHY_CHARACTERS_MAX} characters.`, {
    hint: 'It stands in each row: name the place where the evidence is.',
  })
}

function parseTarget(ids: readonly string[], { run, file }: ResolveFlagTexts): ResolveFlags['target'] {
  const given = [ids.length > 0, run !== undefined, file !== undefined].filter(Boolean).length
  if (given !== 1)
    throw new TerminalError(
      given === 0 ? 'Which events?' : 'Transaction ids, --run and --file exclude each other.',
      {
        hint: 'Give transaction ids, or --run with all that a run left in doubt, or --file with a list of ids.',
      },
    )
  if (run !== undefined) return { runId: notEmpty('--run', run) }
  if (file !== undefined) return { file: notEmpty('--file', file) }
  return { ids: [...new Set(ids.map((id) => notEmpty('a transaction id', id)))] }
}

function notEmpty(what: string, text: string): string {
  if (text.trim() !== '') return text
  throw new TerminalError(`${what} is empty.`, { hint: 'Is a variable of the shell not set?' })
}

/** The operating system's name of the user is missing in a container that runs under a number. */
function parseBy(text: string | undefined): string {
  const by = text?.trim() ?? userName()
  if (by !== '' && by.length <= BY_CHARACTERS_MAX) return by
  throw new TerminalError(
    by === '' ? 'Who says so?' : `--by is longer than ${BY_CHARACTERS_MAX} characters.`,
    { hint: 'Your name goes into the audit table: --by NAME.' },
  )
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}

function parseConfirm(text: string | undefined, isByIds: boolean): number | null {
  if (text === undefined) return null
  if (isByIds)
    throw new TerminalError('--confirm goes with --run or --file alone.', { hint: 'Leave --confirm out.' })
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new TerminalError(`--confirm ${text}: that is not a number of events.`, {
    hint: 'Without --confirm the command says how many events would change, and the exact words to type.',
  })
}
