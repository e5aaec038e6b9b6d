import fc from 'fast-check'
import { DateTime } from 'luxon'
import { describe, expect, it } from 'vitest'
import { isoMicros, timestampParameter } from '../../src/transform/created-at.ts'
import { eventOf } from './source-row.ts'

/** From the year 1900, far below zero, to 2260, where microseconds have left the exact integers. */
const anyMicros = fc.oneof(
  fc.integer({ min: Date.parse('1970-01-01') * 1000, max: Date.parse('2260-12-31') * 1000 }),
  fc.integer({ min: Date.parse('1900-01-01') * 1000, max: 2_000_000 }),
)

describe('created_at', () => {
  it('is what a date library prints, cut to the millisecond and encoded once', () => {
    fc.assert(
      fc.property(anyMicros, (micros) => {
        const instant = DateTime.fromMillis(Math.floor(micros / 1000), { zone: 'utc' })
        const reference = encodeURIComponent(instant.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZZZ"))
        expect(timestampParameter('created_at', micros)).toBe(`created_at=${reference}`)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads as in the example of the documentation', () => {
    const micros = Date.UTC(2017, 0, 2, 15, 4, 5) * 1000
    expect(timestampParameter('created_at', micros)).toBe('created_at=2017-01-02T15%3A04%3A05.000%2B0000')
  })

  it('never puts a later event before an earlier one', () => {
    fc.assert(
      fc.property(anyMicros, anyMicros, (a, b) => {
        const [earlier, later] = a <= b ? [a, b] : [b, a]
        const first = timestampParameter('created_at', earlier)
        expect(first <= timestampParameter('created_at', later)).toBe(true)
      }),
    )
  })
})

describe('created_at_unix', () => {
  it('is whole seconds or milliseconds, as the setting says', () => {
    const occurredAtMicros = Date.parse('2026-03-09T12:00:00.987Z') * 1000 + 654
    const unix = (timestamp: 'created_at_unix_s' | 'created_at_unix_ms') =>
      new URLSearchParams(eventOf({ occurredAtMicros }, { timestamp }).query).get('created_at_unix')
    expect(unix('created_at_unix_s')).toBe('1773057600')
    expect(unix('created_at_unix_ms')).toBe('1773057600987')
  })

  it('agrees with a date library at every instant', () => {
    fc.assert(
      fc.property(anyMicros, (micros) => {
        const instant = DateTime.fromMillis(Math.floor(micros / 1000), { zone: 'utc' })
        expect(timestampParameter('created_at_unix_s', micros)).toBe(
          `created_at_unix=${instant.toUnixInteger()}`,
        )
        expect(timestampParameter('created_at_unix_ms', micros)).toBe(`created_at_unix=${instant.toMillis()}`)
      }),
    )
  })
})

describe('An instant in a message', () => {
  it('keeps its microseconds, also before 1970', () => {
    expect(isoMicros(1)).toBe('1970-01-01T00:00:00.000001Z')
    expect(isoMicros(-1)).toBe('1969-12-31T23:59:59.999999Z')
  })
})
