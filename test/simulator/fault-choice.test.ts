import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseFault, drawLatencyMs } from '../../src/simulator/fault-choice.ts'
import { requestRandom, seededRandom } from '../../src/simulator/prng.ts'
import { completeFaults } from '../../src/simulator/scenario.ts'

const DRAWS = 20_000
const numbers = Array.from({ length: DRAWS }, (_, index) => index + 1)

describe('choosing a fault', () => {
  it('meets each probability, whatever the seed', () => {
    const plan = completeFaults({ internal_error: 0.05, no_answer: 0.05, garbage_body: 0.2 })
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const struck = numbers.map(
          (number) => chooseFault(plan, { number, elapsedMs: 0 }, requestRandom(seed, number))?.name,
        )
        const share = (name: string) => struck.filter((fault) => fault === name).length / DRAWS
        // Five standard deviations of the binomial distribution.
        expect(Math.abs(share('internal_error') - 0.05)).toBeLessThan(0.008)
        expect(Math.abs(share('no_answer') - 0.05)).toBeLessThan(0.008)
        expect(Math.abs(share('garbage_body') - 0.2)).toBeLessThan(0.015)
      }),
      { numRuns: 20 },
    )
  })

  it('strikes neighbouring requests independently', () => {
    const draws = numbers.map((number) => requestRandom(7, number)())
    const both = draws.filter((draw, index) => draw < 0.1 && (draws[index + 1] ?? 1) < 0.1).length
    expect(Math.abs(both / DRAWS - 0.01)).toBeLessThan(0.004)
  })
})

describe('drawing a latency', () => {
  it('stays between min and max', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), fc.nat(), (seed, min, width) => {
        const latencyMs = drawLatencyMs({ min, max: min + width }, seededRandom(seed))
        return latencyMs >= min && latencyMs <= min + width
      }),
    )
  })

  it('meets the median and the 99th percentile', () => {
    const random = seededRandom(1)
    const drawn = numbers.map(() => drawLatencyMs({ median: 40, p99: 400 }, random))
    expect(drawn.filter((latencyMs) => latencyMs < 40).length / DRAWS).toBeCloseTo(0.5, 1)
    expect(drawn.filter((latencyMs) => latencyMs > 400).length / DRAWS).toBeCloseTo(0.01, 2)
  })
})
