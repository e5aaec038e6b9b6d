import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sumDecimals } from '../../src/report/decimal.ts'
import { ANSWER_TIME_EDGES, distributionOf, LAG_EDGES } from '../../src/report/distribution.ts'
import { spanFor } from '../../src/report/sending.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { HOUR, logRun, type Row, reportOf, SECOND, START } from './logged-run.ts'

describe('a sum of decimals', () => {
  it.each([
    [['0.1', '0.2'], '0.3'],
    [['1.5', '-2'], '-0.5'],
    [['-0.000000001'], '-0.000000001'],
    [['99999999999999999999999999999.999999999', '0.000000001'], '100000000000000000000000000000'],
    [[], '0'],
  ])('of %j is %s', (decimals, sum) => {
    expect(sumDecimals(decimals)).toBe(sum)
  })

  it('is that of whole numbers of the smallest unit', () => {
    const nanos = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })
    const text = (value: bigint) => {
      const digits = (value < 0n ? -value : value).toString().padStart(10, '0')
      return `${value < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`
    }
    const back = (decimal: string) => {
      const [whole = '', fraction = ''] = decimal.replace('-', '').split('.')
      return BigInt(whole + fraction.padEnd(9, '0')) * (decimal.startsWith('-') ? -1n : 1n)
    }
    fc.assert(
      fc.property(fc.array(nanos), (values) => {
        const sum = values.reduce((total, value) => total + value, 0n)
        expect(back(sumDecimals(values.map(text)))).toBe(sum)
      }),
    )
  })

  it.each(['1e5', '', 'NaN', '1.0000000001'])('refuses %s, which no warehouse prints', (decimal) => {
    expect(() => sumDecimals([decimal])).toThrow('no decimal')
  })
})

describe('a distribution', () => {
  const counts = (values: number[]) => {
    const groups = Map.groupBy(values, (value) => value)
    return [...groups]
      .map(([value, group]) => ({ value, events: group.length }))
      .sort((a, b) => a.value - b.value)
  }

  it('has percentiles that were measured: the smallest value that so many percent do not exceed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 200_000 }), { minLength: 1 }), (values) => {
        const found = distributionOf(counts(values), ANSWER_TIME_EDGES)!
        for (const [percent, value] of [
          [50, found.p50],
          [90, found.p90],
          [99, found.p99],
          [100, found.max],
        ] as const) {
          const within = (limit: number) =>
            values.filter((one) => one <= limit).length * 100 >= percent * values.length
          expect(Math.min(...values.filter(within))).toBe(value)
        }
      }),
    )
  })

  it('puts each event into the one bin that holds its value, with no gap and no empty end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 6_000_000 }), { minLength: 1 }), (values) => {
        const { bins, events } = distributionOf(counts(values), LAG_EDGES)!
        expect(bins.reduce((sum, bin) => sum + bin.events, 0)).toBe(events)
        expect([bins[0]!.events, bins.at(-1)!.events]).not.toContain(0)
        for (const [index, { from, to, events: inBin }] of bins.entries()) {
          expect(
            values.filter((value) => value >= (from ?? -Infinity) && value < (to ?? Infinity)),
          ).toHaveLength(inBin)
          if (index > 0) expect(from).toBe(bins[index - 1]!.to)
        }
      }),
    )
  })

  it('of nothing is none', () => {
    expect(distributionOf([], LAG_EDGES)).toBeNull()
  })

  it('of answers leaves requests out that had none, and one of deliveries what was not delivered', async () => {
    const warehouse = await duckdb.open()
    const noAnswer = { status: 'in_doubt', reason: 'timed_out', httpStatus: null, latencyMs: 10_000 } as const
    await logRun(warehouse, {
      rows: [
        { transactionId: 't1', latencyMs: 12 },
        { transactionId: 't2', latencyMs: 90, status: 'rejected', reason: 'refused', httpStatus: 400 },
        { transactionId: 't3', ...noAnswer },
      ],
    })
    const { answer_time_ms: answers, delivery_lag_s: lag } = await reportOf(warehouse)
    expect(answers).toMatchObject({ events: 2, p50: 12, max: 90 })
    expect(lag).toMatchObject({ events: 1, p50: 3600, max: 3600 })
  })

  it('of deliveries counts seconds up to an hour, then whole minutes', async () => {
    const warehouse = await duckdb.open()
    const takes = (seconds: number) => ({
      settledAtMs: START,
      occurredAtMicros: (START - seconds * SECOND) * 1000 - 7,
    })
    await logRun(warehouse, {
      rows: [
        { transactionId: 't1', ...takes(59) },
        { transactionId: 't2', ...takes(3599) },
        { transactionId: 't3', ...takes(7379) },
      ],
    })
    expect((await reportOf(warehouse)).delivery_lag_s).toMatchObject({ p50: 3599, max: 7320 })
  })
})

describe('the time line of sending', () => {
  const sentAt = (index: number, ms: number, changes: Partial<Row> = {}): Row => ({
    transactionId: `t${index}`,
    sentAtMs: START + ms,
    settledAtMs: START + ms + 30,
    ...changes,
  })

  it.each([
    [500, 1],
    [120_000, 1],
    [120_001, 2],
    [HOUR, 30],
    [24 * HOUR, 900],
  ])('of %i ms has spans of %i s', (durationMs, spanS) => {
    expect(spanFor(durationMs)).toBe(spanS)
  })

  it('shows each span of the run, also those in which nothing happened', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, {
      rows: [
        sentAt(1, 0),
        sentAt(2, 980),
        sentAt(3, 2500, { httpStatus: null, status: 'in_doubt', reason: 'timed_out' }),
      ],
    })
    const { sending } = await reportOf(warehouse)
    expect(sending).toMatchObject({ span_s: 1, sent: 3, answered: 2, unanswered: 1, limit_per_s: 50 })
    expect(
      sending?.spans.map(({ at, sent, answered, unanswered }) => [
        at.slice(17, 19),
        sent,
        answered,
        unanswered,
      ]),
    ).toEqual([
      ['00', 2, 1, 0],
      ['01', 0, 1, 0],
      ['02', 1, 0, 1],
    ])
  })

  it('finds a burst that lies across two seconds of the clock', async () => {
    const warehouse = await duckdb.open()
    const burst = Array.from({ length: 10 }, (_, index) => sentAt(index, 5_600 + index * 90))
    await logRun(warehouse, { rows: [sentAt(100, 0), ...burst, sentAt(101, 20_000)] })
    const { sending } = await reportOf(warehouse)
    expect(sending?.busiest_second).toEqual({ at: '2026-03-01T12:00:05.500Z', requests: 10 })
    const perSecond = sending?.spans.map(({ sent }) => sent) ?? []
    expect(Math.max(...perSecond)).toBeLessThan(10)
  })

  it('finds it in a long run, too, where a span is half a minute', async () => {
    const warehouse = await duckdb.open()
    const even = Array.from({ length: 60 }, (_, index) => sentAt(index, index * 60_000))
    const burst = Array.from({ length: 8 }, (_, index) =>
      sentAt(1000 + index, 29 * 60_000 + 29_700 + index * 80),
    )
    await logRun(warehouse, { rows: [...even, ...burst] })
    const { sending } = await reportOf(warehouse)
    expect(sending).toMatchObject({ span_s: 30, busiest_second: { requests: 8 } })
    expect(sending?.spans.filter(({ busiest_second }) => busiest_second === 8)).toHaveLength(1)
  })

  it('is held against the share of the rate that the shard has', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, { rows: [sentAt(1, 0)], start: { shard: '1/3' } })
    expect((await reportOf(warehouse)).sending?.limit_per_s).toBe(17)
  })
})
