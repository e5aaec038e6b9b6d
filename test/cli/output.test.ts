import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatCount,
  formatDuration,
  formatInstant,
  formatTable,
  oneLine,
  paragraph,
} from '../../src/cli/output.ts'

describe('numbers and times for people', () => {
  it('have thousands separators', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567')
    expect(formatCount(0)).toBe('0')
  })

  it.each([
    [0, '0.0 s'],
    [840, '0.8 s'],
    [9_940, '9.9 s'],
    [9_960, '10 s'],
    [59_600, '1 min'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [90_000_000, '1 d 1 h'],
  ])('%i milliseconds are %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text)
  })

  it('say that they are UTC', () => {
    expect(formatInstant(Date.UTC(2026, 1, 28, 13, 30))).toBe('2026-02-28 13:30:00 UTC')
    expect(formatInstant(Date.UTC(2026, 1, 28, 13, 30, 0, 7))).toBe('2026-02-28 13:30:00.007 UTC')
  })
})

describe('a table', () => {
  it('aligns text to the left and numbers to the right', () => {
    const rows = [
      ['delivered', 1234, 'ok'],
      ['late', 5, null],
    ]
    expect(formatTable(rows, { header: ['status', 'count', 'reason'], indent: 2 })).toBe(
      ['  status     count  reason', '  delivered  1,234  ok', '  late           5  –'].join('\n'),
    )
  })

  it('does not count colours as width', () => {
    expect(
      formatTable([
        ['\x1b[32mok\x1b[39m', 'a'],
        ['late', 'b'],
      ]),
    ).toBe('\x1b[32mok\x1b[39m    a\nlate  b')
  })

  it('is empty without rows', () => {
    expect(formatTable([])).toBe('')
  })
})

describe('a table on a terminal', () => {
  const WORDS = 'one two three four five six seven eight nine ten'

  it('wraps its last column in its own place', () => {
    expect(formatTable([['late', 5, WORDS]], { indent: 2, columns: 43 })).toBe(
      ['  late  5  one two three four five six', '           seven eight nine ten'].join('\n'),
    )
  })

  it('puts it below where that place is too narrow, and leaves what is in front whole', () => {
    const command = 'npx adjust-s2s run --resend failed'
    expect(formatTable([[command, WORDS]], { indent: 2, columns: 42 })).toBe(
      [`  ${command}`, '    one two three four five six seven', '    eight nine ten'].join('\n'),
    )
  })

  it('is as wide as it has to be on a pipe', () => {
    expect(formatTable([['late', 5, WORDS]], { indent: 2 })).toBe(`  late  5  ${WORDS}`)
  })

  it('leaves out the columns that may be, in their order and no more of them than it has to', () => {
    const table = { header: ['started', 'run', 'took'], droppable: ['started', 'took'] }
    const rows = [['2026-01-31', '20260131T101500Z', '1.2 s']]
    const headerAt = (columns: number) =>
      formatTable(rows, { ...table, columns })
        .split('\n')[0]!
        .split(/ +/)
    expect(headerAt(40)).toEqual(['started', 'run', 'took'])
    expect(headerAt(30)).toEqual(['run', 'took'])
    expect(headerAt(20)).toEqual(['run'])
  })

  it('never loses or adds a word, nor writes past the edge unless a word is longer', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(words, fc.integer({ min: 48, max: 200 }), (list, columns) => {
        const text = paragraph(list.join(' '), { indent: 2, columns })
        expect(text.trim().split(/\s+/)).toEqual(list)
        expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns)
      }),
    )
  })
})

describe("somebody else's text", () => {
  it('never moves the cursor or breaks a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be left
        expect(oneLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
      }),
    )
  })
})
