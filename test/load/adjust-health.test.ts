import { describe, expect, it } from 'vitest'
import { AdjustHealth } from '../../src/load/adjust-health.ts'
import type { Answer } from '../../src/load/answer.ts'
import { classify } from '../../src/load/classify.ts'
import { event } from './event.ts'

const answer = (status: number, message: string, retryAfterMs: number | null = null): Answer => ({
  kind: 'answered',
  status,
  retryAfterMs,
  body: message === 'OK' ? message : JSON.stringify({ error: `Event request failed (${message})` }),
})
const OK = answer(200, 'OK')

/** A health whose requests are answered at once. */
class Driven {
  readonly health: AdjustHealth

  constructor(unauthenticated: 'stop' | 'allow' = 'stop') {
    this.health = new AdjustHealth({ concurrency: 8, unauthenticated }, () => 0.5)
  }

  /** Lets the event through and takes in its answer; answers why the run has to stop. */
  send(number: number, given: Answer, now = 0) {
    expect(this.health.pass(event(number))).toEqual({ kind: 'go' })
    const verdict = classify(given)
    const stop = this.health.learn({
      event: event(number),
      verdict,
      answered: given.kind === 'answered',
      latencyMs: 10,
      wasFull: false,
      now,
    })
    this.health.returned(event(number), verdict)
    return stop
  }

  /** Whether two events of the token may be out at the same time. */
  get isProven(): boolean {
    this.health.pass(event(901))
    const second = this.health.pass(event(902))
    this.health.returned(event(901), null)
    return second.kind === 'go'
  }
}

describe('a token', () => {
  it.each([
    ['OK', 200],
    ['Ignoring event, earlier unique event tracked', 400],
    ['Bad event state', 400],
    ['Device not found', 404],
    ['Device is opted out', 451],
  ])('is proven by an answer about the event itself: %s', (message, status) => {
    const driven = new Driven()
    driven.send(1, answer(status, message))
    expect(driven.isProven).toBe(true)
  })

  it.each([
    ['Something new', 400],
    ['Request size too large', 413],
    ['Internal error, contact support@adjust.com', 500],
    ['Slow down', 429],
  ])('is not proven by an answer that may not have looked at it: %s', (message, status) => {
    const driven = new Driven()
    driven.send(1, answer(status, message))
    expect(driven.health.waitMs(60_000, 0)).toBe(0)
    expect(driven.isProven).toBe(false)
  })

  it('is not proven by a request that never left', () => {
    const driven = new Driven()
    driven.health.pass(event(1))
    expect(driven.health.returned(event(1), null)).toBe(true)
    expect(driven.isProven).toBe(false)
  })
})

describe('the whole run', () => {
  it('stops when the credentials are refused', () => {
    expect(new Driven().send(1, answer(401, 'Failed to authorize request'))).toBe('credentials_refused')
  })

  it('stops for a missing token that Adjust still accepts, unless that is allowed', () => {
    const missing = answer(202, 'Missing authentication token')
    expect(new Driven('stop').send(1, missing)).toBe('credentials_refused')
    expect(new Driven('allow').send(1, missing)).toBeNull()
  })

  it('stops when Adjust stays away', () => {
    const driven = new Driven()
    let now = 0
    const stops: unknown[] = []
    for (let number = 0; number < 17; number++) {
      now += driven.health.waitMs(now, 0)
      stops.push(driven.send(number, { kind: 'not_sent', message: 'ECONNREFUSED' }, now))
    }
    expect(stops.slice(0, 16).every((stop) => stop === null)).toBe(true)
    expect(stops[16]).toBe('adjust_unavailable')
  })

  it('goes on for everything else', () => {
    for (const [status, message] of [
      [200, 'OK'],
      [400, 'Invalid event token'],
      [403, 'App is inactive'],
      [404, 'Device not found'],
      [500, 'Internal error, contact support@adjust.com'],
    ] as const) {
      expect(new Driven().send(1, answer(status, message))).toBeNull()
    }
  })
})

describe('sending', () => {
  it('waits for an answer while as many are in flight as allowed', () => {
    const { health } = new Driven()
    expect(health.waitMs(0, 7)).toBe(0)
    expect(health.waitMs(0, 8)).toBe(Number.POSITIVE_INFINITY)
  })

  it('goes on with half the concurrency after a 429: only its event waits', () => {
    const driven = new Driven()
    driven.send(1, OK)
    driven.send(2, answer(429, 'Slow down', 5_000), 100)
    expect(driven.health.waitMs(100, 0)).toBe(0)
    expect(driven.health.isFull(4)).toBe(true)
  })

  it('stops altogether for as long as Retry-After says when one 429 follows the other', () => {
    const driven = new Driven()
    for (const number of [1, 2]) driven.send(number, answer(429, 'Slow down', 5_000), 100)
    expect(driven.health.waitMs(100, 0)).toBe(0)
    driven.send(3, answer(429, 'Slow down', 5_000), 100)
    expect(driven.health.waitMs(100, 0)).toBe(5_000)
  })

  it('counts anew when Adjust takes an event in between', () => {
    const driven = new Driven()
    const limited = answer(429, 'Slow down', 5_000)
    for (const [number, given] of [limited, limited, OK, limited, limited].entries())
      driven.send(number, given)
    expect(driven.health.waitMs(0, 0)).toBe(0)
  })

  it('stops for a moment when the 429s say nothing of a time', () => {
    const driven = new Driven()
    for (const number of [1, 2, 3]) driven.send(number, answer(429, 'Slow down'))
    expect(driven.health.waitMs(0, 0)).toBe(125)
  })
})
