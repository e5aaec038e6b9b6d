import { describe, expect, it } from 'vitest'
import { Availability } from '../../src/load/availability.ts'

const fail = (availability: Availability, times: number, now = 0) =>
  Array.from({ length: times }, () => {
    availability.started()
    return availability.failed(now)
  })

describe('the availability of Adjust', () => {
  it('is not in question as long as proper answers come between the failures', () => {
    const availability = new Availability(() => 0.5)
    for (let round = 0; round < 20; round++) {
      fail(availability, 9)
      availability.answered()
    }
    expect(availability.waitMs(0, 5)).toBe(0)
  })

  it('pauses sending for a second after ten failures in a row', () => {
    const availability = new Availability(() => 0.5)
    expect(fail(availability, 9)).not.toContain(true)
    expect(availability.waitMs(0, 0)).toBe(0)
    fail(availability, 1)
    expect(availability.waitMs(0, 0)).toBe(1_000)
  })

  it('is probed by one request at a time, and only when nothing else is out', () => {
    const availability = new Availability(() => 0.5)
    fail(availability, 10)
    expect(availability.waitMs(1_000, 3)).toBe(Number.POSITIVE_INFINITY)
    expect(availability.waitMs(1_000, 0)).toBe(0)
    availability.started()
    expect(availability.waitMs(1_000, 1)).toBe(Number.POSITIVE_INFINITY)
  })

  it('is probed again when a probe never left', () => {
    const availability = new Availability(() => 0.5)
    fail(availability, 10)
    availability.started()
    expect(availability.waitMs(1_000, 0)).toBe(0)
  })

  it('takes failures of requests that were out before the pause for what they are', () => {
    const availability = new Availability(() => 0.5)
    for (let request = 0; request < 64; request++) availability.started()
    const answers = Array.from({ length: 64 }, (_, index) => availability.failed(index < 10 ? 0 : 900))
    expect(answers).not.toContain(true)
    expect(availability.waitMs(1_000, 0)).toBe(0)
  })

  it('is back with one proper answer', () => {
    const availability = new Availability(() => 0.5)
    fail(availability, 10)
    availability.started()
    availability.answered()
    expect(availability.waitMs(1_000, 40)).toBe(0)
    fail(availability, 9, 1_000)
    expect(availability.waitMs(1_000, 0)).toBe(0)
  })

  it('is given up after seven probes, about two minutes later', () => {
    const availability = new Availability(() => 0.5)
    fail(availability, 10)
    let now = 0
    const pauses: number[] = []
    for (let probe = 1; probe <= 7; probe++) {
      const waitMs = availability.waitMs(now, 0)
      pauses.push(waitMs)
      now += waitMs
      availability.started()
      expect(availability.failed(now)).toBe(probe === 7)
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('waits as long as a Retry-After says, the longest one of several', () => {
    const availability = new Availability(() => 0.5)
    availability.pause(5_000)
    availability.pause(3_000)
    expect(availability.waitMs(1_000, 2)).toBe(4_000)
    expect(availability.waitMs(5_000, 2)).toBe(0)
  })
})
