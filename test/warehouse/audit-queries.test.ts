import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readQuery } from '../../src/warehouse/queries.ts'
import { translate } from '../../src/warehouse/translate.ts'
import { describeAuditQueries } from './audit-queries-suite.ts'
import { duckdb } from './duckdb-engine.ts'

describeAuditQueries(duckdb)

const ROOT = new URL('../../', import.meta.url)
const FILES = readdirSync(new URL('sql/audit/', ROOT))

/** `row_limit (INT64)`, and `window_from, window_to (TIMESTAMP)` for two of a type. */
const DESCRIBED = /\b([a-z0-9_]+)(?=(?:, [a-z0-9_]+)* \((?:STRING|INT64|TIMESTAMP)\))/g

function namesIn(text: string, pattern: RegExp): string[] {
  return [...new Set(Array.from(text.matchAll(pattern), ([, name = '']) => name))].toSorted()
}

describe.each(FILES)('sql/audit/%s', (file) => {
  const query = readQuery(`audit/${file}`)
  const lines = query.split('\n')

  it('is within the portable subset', () => {
    expect(translate(query, file)).not.toBe('')
  })

  it('begins by saying what it answers, and which parameters of which type it takes', () => {
    const opening = lines.slice(0, lines.indexOf('SELECT')).join('\n')
    expect(opening).toMatch(/^-- [A-Z]/)
    expect(namesIn(opening, DESCRIBED)).toEqual(namesIn(translate(query, file), /\$([a-z0-9_]+)/g))
  })

  it('gives an instant as text before its microseconds, for --json puts the exact one in the place of the text', () => {
    const aliases = Array.from(query.matchAll(/ AS ([a-z0-9_]+)/g), ([, name = '']) => name)
    const exact = aliases.filter((name) => name.endsWith('_micros') && aliases.includes(name.slice(0, -7)))
    for (const name of exact) expect(aliases.indexOf(name.slice(0, -7))).toBeLessThan(aliases.indexOf(name))
  })

  it('stands in the document', () => {
    expect(readFileSync(new URL('docs/audit-queries.md', ROOT), 'utf8').includes(file)).toBe(true)
  })
})
