import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AdaptiveConcurrency } from '../../src/load/concurrency.ts'

const LATENCY_MS = 50

/** So many round trips with a full limit, each answer after `latencyMs`. */
function run(concurrency: AdaptiveConcurrency, roundTrips: number, latencyMs = LATENCY_MS, from = 0): number {
  let now = from
  for (let trip = 0; trip < roundTrips; trip++) {
    now += latencyMs
    for (let answers = concurrency.limit; answers > 0; answers--) concurrency.answered(latencyMs, true, now)
  }
  return now
}

describe('the adaptive concurrency', () => {
  it('begins with 16, or with the most that is allowed when that is less', () => {
    expect(new AdaptiveConcurrency(64).limit).toBe(16)
    expect(new AdaptiveConcurrency(3).limit).toBe(3)
  })

  it('doubles in each round trip until the first sign of overload, and never exceeds its maximum', () => {
    const concurrency = new AdaptiveConcurrency(100)
    run(concurrency, 1)
    expect(concurrency.limit).toBe(32)
    run(concurrency, 5)
    expect(concurrency.limit).toBe(100)
  })

  it('does not grow while it is not what limits', () => {
    const concurrency = new AdaptiveConcurrency(100)
    for (let answer = 0; answer < 500; answer++) concurrency.answered(LATENCY_MS, false, answer)
    expect(concurrency.limit).toBe(16)
  })

  it('is halved once for a storm of 429s, and grows by about one a round trip afterwards', () => {
    const concurrency = new AdaptiveConcurrency(64)
    const now = run(concurrency, 4)
    for (let answer = 0; answer < 40; answer++) concurrency.overloaded(now)
    expect(concurrency.limit).toBe(32)
    run(concurrency, 4, LATENCY_MS, now)
    expect(concurrency.limit).toBeGreaterThanOrEqual(35)
    expect(concurrency.limit).toBeLessThanOrEqual(36)
  })

  it('is cut when the latency rises far above the best one', () => {
    const concurrency = new AdaptiveConcurrency(64)
    const now = run(concurrency, 4)
    run(concurrency, 3, 2_000, now)
    expect(concurrency.limit).toBeLessThan(64)
  })

  it('takes single slow answers and small differences for noise', () => {
    const concurrency = new AdaptiveConcurrency(64)
    let now = run(concurrency, 4, 2)
    for (let answer = 1; answer <= 1_000; answer++) {
      now += 2
      concurrency.answered(answer % 20 === 0 ? 2_000 : 2, true, now)
    }
    expect(concurrency.limit).toBe(64)
  })

  it('gets used to a path that has become longer', () => {
    const concurrency = new AdaptiveConcurrency(64)
    const now = run(concurrency, 4, 60)
    run(concurrency, 500, 400, now)
    expect(concurrency.limit).toBe(64)
  })

  it('stays between one and its maximum whatever happens', () => {
    const answers = fc.record({ latencyMs: fc.nat(60_000), wasFull: fc.boolean(), overloaded: fc.boolean() })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2048 }), fc.array(answers, { maxLength: 200 }), (max, many) => {
        const concurrency = new AdaptiveConcurrency(max)
        let now = 0
        for (const { latencyMs, wasFull, overloaded } of many) {
          now += latencyMs
          concurrency.answered(latencyMs, wasFull, now)
          if (overloaded) concurrency.overloaded(now)
          expect(concurrency.limit).toBeGreaterThanOrEqual(1)
          expect(concurrency.limit).toBeLessThanOrEqual(max)
        }
      }),
    )
  })
})
