import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RateLimit } from '../../src/load/rate.ts'

/** Sends for that long as fast as the limit lets it; each wake-up comes late by what `lateMs` says. Answers when requests left. */
function sendFor(requestsPerSecond: number, durationMs: number, lateMs: () => number): number[] {
  const rate = new RateLimit(requestsPerSecond)
  const left: number[] = []
  let now = 0
  const sleep = (delayMs: number) => {
    now += delayMs + lateMs()
  }
  while (now < durationMs) {
    const waitMs = rate.turnWaitMs(now)
    if (waitMs > 0) {
      sleep(waitMs)
      continue
    }
    rate.takeTurn(now)
    // Between the turn and the wire lies the journal, whose sync takes its time as well.
    for (let leaveMs = rate.leave(now); leaveMs > 0; leaveMs = rate.leave(now)) sleep(leaveMs)
    left.push(now)
  }
  return left
}

/** The most requests in any window of 1000 ms, whose end is not part of it. */
function mostInOneSecond(left: number[]): number {
  let most = 0
  let from = 0
  for (let to = 0; to < left.length; to++) {
    while (left[to]! - left[from]! >= 1000) from++
    most = Math.max(most, to - from + 1)
  }
  return most
}

describe('the rate limit', () => {
  it('lets no more requests leave in any second than it is set to, however late the timers are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(
          fc.oneof({ weight: 9, arbitrary: fc.double({ min: 0, max: 3, noNaN: true }) }, fc.nat(2_500)),
          {
            minLength: 1,
            maxLength: 50,
          },
        ),
        (requestsPerSecond, lateness) => {
          let turn = 0
          const left = sendFor(requestsPerSecond, 6_000, () => lateness[turn++ % lateness.length]!)
          expect(mostInOneSecond(left)).toBeLessThanOrEqual(requestsPerSecond)
        },
      ),
      { numRuns: 200 },
    )
  })

  it.each([1, 7, 50, 2_000])('comes within one percent of %i requests a second in the long run', (target) => {
    let seed = 7
    const lateMs = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return (seed / 2_147_483_647) * 1.5
    }
    const seconds = Math.max(20, 400 / target)
    const left = sendFor(target, seconds * 1000, lateMs)
    expect(left.length / seconds).toBeGreaterThan(target * 0.99 - 1 / seconds)
    expect(left.length / seconds).toBeLessThanOrEqual(target)
    expect(mostInOneSecond(left)).toBeLessThanOrEqual(target)
  })

  it('spreads requests over the second and does not send them in a burst', () => {
    const left = sendFor(50, 3_000, () => 0)
    const gaps = left.slice(1).map((at, index) => at - left[index]!)
    // The pace is one in 20.16 ms, and a turn may be taken one pace early.
    expect(Math.max(...gaps)).toBeLessThan(2.1 * 20.16)
    expect(left.filter((at) => at < 200).length).toBeLessThanOrEqual(12)
  })

  it('does not make up for a long pause with a burst', () => {
    const rate = new RateLimit(100)
    rate.takeTurn(0)
    const now = 60_000
    let turns = 0
    while (rate.turnWaitMs(now) === 0) {
      rate.takeTurn(now)
      turns++
    }
    expect(turns).toBeLessThanOrEqual(4)
  })
})
