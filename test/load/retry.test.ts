import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs, RetryQuota } from '../../src/load/retry.ts'
import { parseRetryAfter } from '../../src/load/retry-after.ts'

const NOW_MS = Date.UTC(2026, 0, 31, 12)

describe('the back-off', () => {
  it('lies anywhere between nothing and a ceiling that doubles with each attempt, up to half a minute', () => {
    const ceilings = [1, 2, 3, 4, 20].map((attempt) => backoffMs(attempt, null, () => 0.999999))
    expect(ceilings.map(Math.round)).toEqual([250, 500, 1_000, 2_000, 30_000])
    expect(backoffMs(5, null, () => 0)).toBe(0)
  })

  it('is never shorter than the server asks for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.nat(600_000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, retryAfterMs, drawn) => {
          expect(backoffMs(attempt, retryAfterMs, () => drawn)).toBeGreaterThanOrEqual(retryAfterMs)
        },
      ),
    )
  })
})

describe('the retry quota', () => {
  const spendAll = (quota: RetryQuota) => {
    let spent = 0
    while (quota.spend()) spent++
    return spent
  }

  it('has a small stock and then a fifth of the requests that Adjust has answered', () => {
    const quota = new RetryQuota()
    expect(spendAll(quota)).toBe(50)
    for (let request = 0; request < 101; request++) quota.earn()
    expect(spendAll(quota)).toBe(20)
  })

  it('does not save up without end', () => {
    const quota = new RetryQuota()
    for (let request = 0; request < 100_000; request++) quota.earn()
    expect(spendAll(quota)).toBe(1_000)
  })
})

describe('a Retry-After header', () => {
  it.each([
    ['0', 0],
    ['7', 7_000],
    [' 30 ', 30_000],
    ['1.5', 1_500],
    ['-5', 0],
    ['Sat, 31 Jan 2026 12:00:30 GMT', 30_000],
    ['Sat, 31 Jan 2026 11:00:00 GMT', 0],
  ])('of %j is read', (header, expected) => {
    expect(parseRetryAfter(header, NOW_MS)).toBe(expected)
  })

  it.each([undefined, '', '  ', 'soon', 'NaN', 'Infinity'])('of %j says nothing', (header) => {
    expect(parseRetryAfter(header, NOW_MS)).toBeNull()
  })

  it('that came twice counts as the first', () => {
    expect(parseRetryAfter(['3', '9'], NOW_MS)).toBe(3_000)
  })

  it('makes nobody wait for more than ten minutes', () => {
    for (const header of ['86400', '1e300', 'Sun, 31 Jan 2027 12:00:00 GMT']) {
      expect(parseRetryAfter(header, NOW_MS)).toBe(600_000)
    }
  })
})
