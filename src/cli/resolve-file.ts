import { createReadStream } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import { TerminalError } from '../domain/errors.ts'
import { readCsvBatches } from '../export/csv.ts'
import type { Claim, Verdict } from '../resolve-job.ts'
import { AS_HINT, parseVerdict, parseWhy, REASON_HINT } from './resolve-flags.ts'

/** More than this are several files: all of them, and what is known of each, are held in memory. */
const CLAIMS_MAX = 100_000

/** What a line says; null where the flags have to say it. */
interface Line {
  line: number
  transactionId: string
  as: string | null
  reason: string | null
}

/** What holds for the lines that do not say it. */
export interface Defaults {
  verdict: Verdict | null
  why: string | null
}

/**
 * The claims of a file: one transaction_id a line, or a CSV whose header names `transaction_id` and, if it likes, `as` and `reason`; `-`
 * is standard input. A line that is there twice counts once.
 *
 * @throws TerminalError naming the line that says nothing, something else than an earlier one, or what nobody can say.
 */
export async function readClaims(file: string, defaults: Defaults): Promise<Claim[]> {
  const name = file === '-' ? 'standard input' : file
  const text = await readAll(file === '-' ? process.stdin : createReadStream(file)).catch((cause: Error) => {
    throw new TerminalError(`${name} cannot be read: ${cause.message}`, {
      cause,
      hint: 'Check --file; - is standard input.',
    })
  })
  return claimsOf(text.replace(/^\uFEFF/, ''), name, defaults)
}

/** The same for the text of a file that is called `name`. */
export async function claimsOf(text: string, name: string, defaults: Defaults): Promise<Claim[]> {
  const claims = new Map<string, Claim>()
  for (const line of hasHeader(text) ? await csvLines(text, name) : idLines(text)) {
    const where = `${name}, line ${line.line}`
    const claim = claimOf(line, where, defaults)
    refuseContradiction(claims.get(claim.transactionId), claim, where)
    claims.set(claim.transactionId, claim)
    if (claims.size > CLAIMS_MAX)
      throw new TerminalError(`${name} has more than ${CLAIMS_MAX} transaction ids.`, {
        hint: 'Split it: each part can be given by itself.',
      })
  }
  if (claims.size > 0) return [...claims.values()]
  throw new TerminalError(`${name} has no transaction id.`, {
    hint: 'One a line, or a CSV whose header names transaction_id.',
  })
}

function hasHeader(text: string): boolean {
  const [first = ''] = text.split('\n', 1)
  return first.split(',').some((column) => column.trim().replaceAll('"', '') === 'transaction_id')
}

function idLines(text: string): Line[] {
  return text.split('\n').flatMap((content, index) => {
    const transactionId = content.replace(/\r$/, '')
    return transactionId === '' ? [] : { line: index + 1, transactionId, as: null, reason: null }
  })
}

async function csvLines(text: string, name: string): Promise<Line[]> {
  const lines: Line[] = []
  for await (const { header, records } of readCsvBatches(once(text), name)) {
    refuseDoubleColumns(header, name)
    const [id, as, reason] = ['transaction_id', 'as', 'reason'].map((column) => header.indexOf(column))
    for (const { line, fields } of records)
      lines.push({
        line,
        transactionId: fields[id!] ?? '',
        as: fields[as!] || null,
        reason: fields[reason!] || null,
      })
  }
  return lines
}

function refuseDoubleColumns(header: readonly string[], name: string): void {
  const double = ['transaction_id', 'as', 'reason'].find(
    (column) => header.indexOf(column) !== header.lastIndexOf(column),
  )
  if (double !== undefined)
    throw new TerminalError(`${name}: the header has column ${double} twice.`, {
      hint: 'Leave one of them out.',
    })
}

async function* once(text: string): AsyncIterable<string> {
  yield text
}

function claimOf({ transactionId, as, reason }: Line, where: string, { verdict, why }: Defaults): Claim {
  if (transactionId === '')
    throw new TerminalError(`${where}: transaction_id is empty.`, { hint: 'Leave the line out.' })
  const said = as === null ? verdict : parseVerdict(`${where}, as`, as)
  if (said === null)
    throw new TerminalError(`${where} does not say what became of ${transactionId}.`, {
      hint: `Give --as, or a column "as". ${AS_HINT}`,
    })
  const because = reason === null ? why : parseWhy(`${where}, reason`, reason)
  if (because === null)
    throw new TerminalError(`${where} does not say why.`, {
      hint: `Give --reason, or a column "reason". ${REASON_HINT}`,
    })
  return { transactionId, verdict: said, why: because }
}

function refuseContradiction(earlier: Claim | undefined, { transactionId, verdict }: Claim, where: string) {
  if (earlier === undefined || earlier.verdict === verdict) return
  throw new TerminalError(
    `${where} says that ${transactionId} is ${verdict}, and an earlier line that it is ${earlier.verdict}.`,
    { hint: 'Nothing was written. Keep one of the two.' },
  )
}
