import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TruthEntry } from '../../src/simulator/truth-log.ts'
import { summarizeTruth } from '../../src/simulator/truth-summary.ts'

function entry(changes: Partial<TruthEntry>): TruthEntry {
  return {
    sequence: 1,
    arrivedAtMs: 0,
    method: 'POST',
    path: '/event',
    appToken: 'abcdefghijkl',
    eventToken: 'abc123',
    identifiers: { adid: 'a' },
    createdAtMs: 0,
    createdAtReplaced: false,
    revenue: null,
    currency: null,
    transactionId: null,
    parameters: null,
    answer: { status: 200, message: 'OK' },
    fault: null,
    counted: true,
    violations: [],
    ...changes,
  }
}

/** Few devices, tokens and times, so that most logs have conflicts. */
const anyLog = fc
  .array(
    fc.record({
      arrivedAtMs: fc.nat(4_000),
      path: fc.constantFrom('/event', '/event', '/event', '/ad_revenue'),
      appToken: fc.constantFrom('abcdefghijkl', 'zyxwvutsrqpo'),
      eventToken: fc.constantFrom('abc123', 'def456'),
      identifiers: fc.dictionary(fc.constantFrom('adid', 'idfa'), fc.constantFrom('a', 'A', 'b', 'c'), {
        minKeys: 1,
        noNullPrototype: true,
      }),
      createdAtMs: fc.nat(6),
      revenue: fc.constantFrom(null, '1.00'),
      transactionId: fc.constantFrom(null, 't1', 't2', 't3'),
      counted: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  .map((changes) => {
    const arrivals = changes.map(({ arrivedAtMs }) => arrivedAtMs).sort((one, other) => one - other)
    return changes.map((change, index) =>
      entry({ ...change, sequence: index + 1, arrivedAtMs: arrivals[index]! }),
    )
  })

const names = ({ appToken, identifiers }: TruthEntry) =>
  Object.entries(identifiers).map(([kind, value]) => `${appToken}/${kind}/${value.toLowerCase()}`)

/** By definition: everything that the counted entries up to `last` join, directly or through others. */
function deviceOf(counted: TruthEntry[], last: number): Set<string> {
  const device = new Set(names(counted[last]!))
  for (let size = 0; size < device.size; ) {
    size = device.size
    for (const other of counted.slice(0, last + 1)) {
      if (names(other).some((name) => device.has(name))) for (const name of names(other)) device.add(name)
    }
  }
  return device
}

function outOfOrderByDefinition(log: TruthEntry[]): number[] {
  const counted = log.filter((one) => one.counted)
  return counted.flatMap((one, index) => {
    const device = deviceOf(counted, index)
    const violated = counted
      .slice(0, index)
      .some(
        (other) =>
          other.path === '/event' &&
          names(other).some((name) => device.has(name)) &&
          (other.eventToken === one.eventToken || (other.revenue !== null && one.revenue !== null)) &&
          other.createdAtMs! > one.createdAtMs!,
      )
    return one.path === '/event' && violated ? [one.sequence] : []
  })
}

describe('the summary of a truth log', () => {
  it('finds exactly the counted events that are out of order by definition', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        expect(summarizeTruth(log).outOfOrder).toEqual(outOfOrderByDefinition(log))
      }),
      { numRuns: 2_000 },
    )
  })

  it('finds the second with the most arrivals', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const sizes = log.map(
          ({ arrivedAtMs: startMs }) =>
            log.filter(({ arrivedAtMs }) => arrivedAtMs >= startMs && arrivedAtMs < startMs + 1000).length,
        )
        expect(summarizeTruth(log).busiestSecond?.requests ?? 0).toBe(Math.max(0, ...sizes))
      }),
    )
  })

  it('does not put two arrivals that are a whole second apart into one second', () => {
    const arrivals = [5_000, 5_999.9, 6_000, 6_999]
    const log = arrivals.map((arrivedAtMs) => entry({ arrivedAtMs }))
    expect(summarizeTruth(log).busiestSecond).toEqual({ startMs: 5_999.9, requests: 3 })
  })

  it('finds the transactions that were counted more than once', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const twice = ['t1', 't2', 't3'].filter(
          (id) => log.filter(({ counted, transactionId }) => counted && transactionId === id).length > 1,
        )
        expect(summarizeTruth(log).countedTwice.sort()).toEqual(twice)
      }),
    )
  })

  it('adds up', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const summary = summarizeTruth(log)
        expect(summary.requests).toBe(log.length)
        expect(summary.counted).toBe(log.filter(({ counted }) => counted).length)
        expect(summary.answers.reduce((sum, { count }) => sum + count, 0)).toBe(log.length)
      }),
    )
  })

  it('counts answers, faults and violations by name', () => {
    const refused = { status: 400, message: 'Bad event state' }
    const summary = summarizeTruth([
      entry({ answer: refused, counted: false, violations: ['ipv6_address', 'environment_missing'] }),
      entry({ answer: refused, counted: false, violations: ['ipv6_address'] }),
      entry({ answer: null, fault: 'no_answer' }),
    ])
    expect(summary.answers).toEqual([
      { ...refused, count: 2 },
      { status: null, message: null, count: 1 },
    ])
    expect(summary.faults).toEqual({ no_answer: 1 })
    expect(summary.violations).toEqual({ environment_missing: 1, ipv6_address: 2 })
  })

  it('of an empty log is empty', () => {
    expect(summarizeTruth([])).toMatchObject({ requests: 0, busiestSecond: null, answers: [] })
  })
})
