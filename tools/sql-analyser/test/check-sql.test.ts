import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../check-sql.ts', import.meta.url))
const SQL = fileURLToPath(new URL('../../../sql', import.meta.url))

/** Runs the command as a person does, on a copy of `sql/` with one file changed. */
function checkWith(file: string, change: (sql: string) => string, flags: string[] = []) {
  const folder = mkdtempSync(path.join(tmpdir(), 'adjust-s2s-sql-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(SQL, folder, { recursive: true })
  const target = path.join(folder, file)
  const before = readFileSync(target, 'utf8')
  const after = change(before)
  writeFileSync(target, after)
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...flags, folder], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return { status, lines: stdout.trimEnd().split('\n'), after }
}

/** Where a text stands in a file, as the check writes it. */
function placeOf(sql: string, text: string): string {
  const lines = sql.split('\n')
  const line = lines.findIndex((candidate) => candidate.includes(text))
  return `${line + 1}:${(lines[line] ?? '').indexOf(text) + 1}`
}

function replacing(from: string, to: string): (sql: string) => string {
  return (sql) => {
    expect(sql).toContain(from)
    return sql.replace(from, to)
  }
}

describe('check-sql', () => {
  it('accepts the DDL, every file of sql/ and the functions of the portable subset', () => {
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM], { encoding: 'utf8' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter((line) => !line.endsWith(': ok'))).toEqual([
      'The GoogleSQL analyser accepts all of it.',
    ])
    expect(lines).toEqual(
      expect.arrayContaining(['DDL of s2s_latest: ok', 'sql/extract.sql: ok', 'sql/audit/runs.sql: ok']),
    )
    expect(status).toBe(0)
  })

  it('asks no proxy for a server on this machine', () => {
    const env = { ...process.env, https_proxy: 'http://127.0.0.1:1' }
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM], { encoding: 'utf8', env })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('shows columns and their types with --columns', () => {
    const { lines } = checkWith('audit-ids.sql', (sql) => sql, ['--columns'])
    const at = lines.indexOf('sql/audit-ids.sql: ok')
    expect(lines[at + 1]).toBe('  audit_id STRING')
  })

  it('exits with 1 and says where a column of the source contract is misspelt', () => {
    const { status, lines, after } = checkWith(
      'extract.sql',
      replacing('revenue, currency,', 'revenue, curency,'),
    )
    const [line] = lines.filter((text) => text.startsWith('sql/extract.sql'))
    expect(line).toContain(`sql/extract.sql:${placeOf(after, 'curency')}: Unrecognized name: curency`)
    expect(lines.at(-1)).toBe('Problems: 1')
    expect(status).toBe(1)
  })

  it('exits with 1 when a file uses a parameter that nobody declares', () => {
    const { status, lines, after } = checkWith(
      'audit-ids.sql',
      (sql) => `${sql.trimEnd()} AND status = @status\n`,
    )
    expect(lines).toContain(
      `sql/audit-ids.sql:${placeOf(after, '@status')}: Query parameter 'status' not found`,
    )
    expect(status).toBe(1)
  })

  it('exits with 1 when parameters are declared for a file that is gone', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'adjust-s2s-sql-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM, folder], { encoding: 'utf8' })
    expect(stdout).toContain(
      'sql/extract.sql: parameters.ts declares its parameters, and there is no such file',
    )
    expect(status).toBe(1)
  })
})
