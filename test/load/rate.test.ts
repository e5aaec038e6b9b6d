import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RateLimit } from '../../src/load/rate.ts'

interface Journey {
  /** How late each wake-up comes. */
  lateMs: () => number
  /** From the hand-over to the first byte: a connection may have to be made. */
  connectMs: () => number
}

/** Sends for that long as fast as the limit lets it. Answers when the first bytes went out. */
function sendFor(requestsPerSecond: number, durationMs: number, { lateMs, connectMs }: Journey): number[] {
  const rate = new RateLimit(requestsPerSecond)
  const started: number[] = []
  const connecting: number[] = []
  let now = 0
  const sleep = (delayMs: number) => {
    const end = now + delayMs + lateMs()
    connecting.sort((one, other) => one - other)
    while (connecting[0] !== undefined && connecting[0] <= end) {
      rate.started(connecting[0])
      started.push(connecting.shift()!)
    }
    now = end
  }
  while (now < durationMs) {
    const turnMs = rate.turnWaitMs(now)
    const waitMs = turnMs > 0 ? turnMs : rate.leaveWaitMs(now)
    if (waitMs > 0) {
      sleep(Number.isFinite(waitMs) ? waitMs : Math.max(0, Math.min(...connecting) - now))
      continue
    }
    rate.takeTurn(now)
    rate.handOver()
    connecting.push(now + connectMs())
    if (connecting.at(-1) === now) {
      rate.started(now)
      started.push(connecting.pop()!)
    }
  }
  return started
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
  it('lets no more requests leave in any second than it is set to, however late the timers are and however long connections take', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.oneof(fc.constant(0), fc.nat(60), fc.nat(4_000)), { minLength: 1, maxLength: 50 }),
        fc.array(
          fc.oneof({ weight: 9, arbitrary: fc.double({ min: 0, max: 3, noNaN: true }) }, fc.nat(2_500)),
          {
            minLength: 1,
            maxLength: 50,
          },
        ),
        (requestsPerSecond, connecting, lateness) => {
          let turn = 0
          const left = sendFor(requestsPerSecond, 6_000, {
            lateMs: () => lateness[turn++ % lateness.length]!,
            connectMs: () => connecting[turn % connecting.length]!,
          })
          expect(mostInOneSecond(left)).toBeLessThanOrEqual(requestsPerSecond)
        },
      ),
      { numRuns: 200 },
    )
  })

  it.each([
    [1, 0.98],
    [7, 0.98],
    [50, 0.98],
    [200, 0.99],
    [2_000, 0.99],
  ])('at %i requests a second reaches %f of it in the long run', (target, share) => {
    let seed = 7
    const lateMs = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return (seed / 2_147_483_647) * 1.5
    }
    const seconds = Math.max(20, 400 / target)
    const left = sendFor(target, seconds * 1000, { lateMs, connectMs: () => 0 })
    expect(left.length / seconds).toBeGreaterThan(target * share - 1 / seconds)
    expect(left.length / seconds).toBeLessThanOrEqual(target)
    expect(mostInOneSecond(left)).toBeLessThanOrEqual(target)
  })

  it('spreads requests over the second and does not send them in a burst', () => {
    const left = sendFor(50, 3_000, { lateMs: () => 0, connectMs: () => 0 })
    const gaps = left.slice(1).map((at, index) => at - left[index]!)
    // The pace is one in 20.4 ms, and a turn may be taken one pace early.
    expect(Math.max(...gaps)).toBeLessThan(2.1 * 20.4)
    expect(left.filter((at) => at < 200).length).toBeLessThanOrEqual(12)
  })

  it('waits for a request that is handed over when no more than that may start', () => {
    const rate = new RateLimit(1)
    rate.handOver()
    expect(rate.leaveWaitMs(5_000)).toBe(Number.POSITIVE_INFINITY)
    rate.neverStarted()
    expect(rate.leaveWaitMs(5_000)).toBe(0)
    rate.handOver()
    rate.started(6_000)
    expect(rate.leaveWaitMs(6_500)).toBeGreaterThanOrEqual(500)
  })

  it('starts nothing before the second of another sender is over', () => {
    const rate = new RateLimit(100, 1_020)
    expect(rate.turnWaitMs(20)).toBe(1_000)
    expect(rate.leaveWaitMs(20)).toBe(1_000)
    expect(rate.leaveWaitMs(1_020)).toBe(0)
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
