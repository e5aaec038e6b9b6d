import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatCount, formatDuration, formatInstant, formatTable, oneLine } from '../../src/cli/output.ts'

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
