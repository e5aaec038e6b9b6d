import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { REASONS } from '../../src/domain/reason.ts'
import type { Answer } from '../../src/load/answer.ts'
import { classify, DOCUMENTED_MESSAGES, type Verdict } from '../../src/load/classify.ts'
import { codeOf, ROOT, readPage, type TableRow, tablesOf } from './page.ts'

const page = readPage('docs/errors.md')
const tables = tablesOf(page)
const has = (...columns: string[]) =>
  tables.filter(([row]) => row !== undefined && columns.every((column) => column in row))

const answers = has('words', 'becomes', 'stops').flat()
const failures = has('kind', 'becomes').flat()
const listed = has('status', 'reason', 'what happened')
  .concat(has('status', 'reason', 'what it waits for'))
  .flat()

const only = (cell: string | undefined) => codeOf(cell ?? '').join(' ')

/** What a finding is in the audit table, before the circumstances of a run change it. */
function becomes({ finding }: Verdict): { becomes: string; reason: string } {
  if (finding.kind === 'device_not_found') return { becomes: 'deferred', reason: 'device_not_found' }
  const status = { settled: '', deferred: 'deferred', retry: 'retried', in_doubt: 'in_doubt' }[finding.kind]
  return { becomes: finding.kind === 'settled' ? finding.status : status, reason: finding.reason }
}

/** Statuses and bodies that a row of the table of answers speaks of. */
function answersOf({ status = '', words = '' }: TableRow): Answer[] {
  const statuses = { any: [200, 204, 302, 400, 502, 503, 504], '4xx': [400, 403, 404, 409, 422] }[status] ?? [
    Number(status),
  ]
  return statuses.flatMap((code) =>
    bodiesOf(words).map((body): Answer => ({ kind: 'answered', status: code, retryAfterMs: null, body })),
  )
}

function bodiesOf(words: string): string[] {
  const failed = (text: string) => JSON.stringify({ error: `Event request failed (${text})` })
  if (words.startsWith('(any other, as')) return [failed('Something new')]
  if (words === '(any other)' || words === '(any)') return ['', 'Something new', failed('Something new')]
  if (words.startsWith('(')) return ['<html>503 Gateway</html>', '', 'upstream error']
  const text = only(words)
  if (text === 'OK') return ['OK', '"OK"', '{"status": "ok"}']
  return [text, text.toUpperCase(), failed(text), failed(`${text}, more`), `${text}: more`]
}

const named = (rows: TableRow[]) =>
  rows.map((row) => [Object.values(row).slice(0, 2).join(' '), row] as const)

describe("the catalogue's answers of Adjust", () => {
  it.each(named(answers))('%s is taken as the page says', (_, row) => {
    const expected = { becomes: row.becomes, reason: only(row.reason), stops: row.stops || null }
    for (const answer of answersOf(row)) {
      const verdict = classify(answer)
      expect({ ...becomes(verdict), stops: verdict.stops }, JSON.stringify(answer)).toEqual(expected)
    }
  })

  it('has all words that the program knows', () => {
    const words = answers.map((row) => only(row.words).toLowerCase())
    for (const message of DOCUMENTED_MESSAGES)
      expect(
        words.some((text) => text.includes(message)),
        message,
      ).toBe(true)
  })
})

describe("the catalogue's failures of networks", () => {
  it.each(named(failures))('%s is taken as the page says', (_, row) => {
    const kind = only(row.kind) as 'not_sent' | 'timed_out' | 'lost'
    const verdict = classify({ kind, message: 'it broke' })
    expect(becomes(verdict)).toEqual({ becomes: row.becomes, reason: only(row.reason) })
  })

  it('has every kind', () => {
    const kinds = new Set(failures.map((row) => only(row.kind)))
    expect(kinds).toEqual(new Set(['not_sent', 'timed_out', 'lost']))
  })
})

describe("the catalogue's reasons", () => {
  it('are those of the program, each once, with its status', () => {
    const inPage = listed.map((row) => `${row.status} ${only(row.reason)}`)
    const inCode = Object.entries(REASONS).map(([reason, { status }]) => `${status} ${reason}`)
    expect(inPage.toSorted()).toEqual(inCode.toSorted())
  })
})

describe("the catalogue's errors", () => {
  const source = globSync('src/**/*.ts', { cwd: ROOT })
    .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
    .join('\n')

  it.each(
    has('it says')
      .flat()
      .flatMap((row) => codeOf(row['it says']!)),
  )('%s is said by the program', (words) => {
    for (const part of words
      .split('…')
      .map((text) => text.trim())
      .filter(Boolean))
      expect(source).toContain(part)
  })
})
