import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TerminalError } from '../../src/domain/errors.ts'
import { loadSource } from '../../src/extract/extract.ts'
import { scratchPath } from '../warehouse/scratch.ts'

function load(content: string | Uint8Array): string {
  const path = scratchPath('source.sql')
  writeFileSync(path, content)
  return loadSource(path)
}

describe('loadSource', () => {
  it('reads one SELECT', () => {
    expect(load('SELECT 1 AS a')).toBe('SELECT 1 AS a')
  })

  it.each([
    ['SELECT 1 AS a;', 'SELECT 1 AS a'],
    ['SELECT 1 AS a ;\n\n', 'SELECT 1 AS a'],
    ['-- purchases\nSELECT 1 AS a; -- done;', '-- purchases\nSELECT 1 AS a'],
    ['/* ; */ SELECT 1 AS a; /* ; */', '/* ; */ SELECT 1 AS a'],
    ['SELECT \';\' AS a, ";", `;`;', 'SELECT \';\' AS a, ";", `;`'],
    ["SELECT 'it''s;' AS a;", "SELECT 'it''s;' AS a"],
  ])('takes a closing semicolon off: %j', (content, expected) => {
    expect(load(content)).toBe(expected)
  })

  it.each(["SELECT 'it\\'s; fine' AS a", "SELECT 'C:\\' AS a, ';' AS b"])(
    'lets the warehouse judge where dialects read a backslash differently: %s',
    (content) => {
      expect(load(content)).toBe(content)
    },
  )

  it.each([
    ['more than one statement', 'SELECT 1; SELECT 2'],
    ['more than one statement', "SELECT 'a;'; DELETE FROM purchases;"],
    ['no SELECT', ''],
    ['no SELECT', '-- nothing\n;;\n/* yet */'],
  ])('refuses %s', (message, content) => {
    expect(() => load(content)).toThrow(TerminalError)
    expect(() => load(content)).toThrow(message)
  })

  it('refuses what is not UTF-8', () => {
    expect(() => load(Uint8Array.of(0x53, 0xff, 0xfe))).toThrow('not UTF-8')
  })

  it('names a file that does not exist', () => {
    const path = scratchPath('missing.sql')
    expect(() => loadSource(path)).toThrow(`${path} cannot be read: it does not exist`)
  })

  it('names a folder', () => {
    const path = scratchPath('folder')
    mkdirSync(path)
    expect(() => loadSource(path)).toThrow('it is a folder')
  })
})
