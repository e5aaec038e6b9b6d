import { describe, expect, it } from 'vitest'
import { STATUSES } from '../../src/domain/settlement.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { addRows, DAY, HOUR, logRun, MINUTE, type Row, RUN, reportOf, START } from './logged-run.ts'

const eur = (revenue: string) => ({ revenue, currency: 'EUR' })
const waits = { status: 'deferred', reason: 'device_not_found', httpStatus: 404 } as const
const unsent = { attempt: 0, httpStatus: null, sentAtMs: null, latencyMs: null }
const negative = { status: 'invalid', reason: 'revenue_negative', ...unsent } as const

describe('the account of a run', () => {
  it('says where every row went, in the words of the run, and that it adds up', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, {
      rows: [
        { transactionId: 't1' },
        { transactionId: 't2', ...waits },
        { transactionId: 't3', ...negative },
      ],
    })
    const { counts, reasons } = await reportOf(warehouse)
    expect(counts).toMatchObject({
      read: 3,
      delivered: 1,
      deferred: 1,
      invalid: 1,
      adds_up: true,
      counted_by: 'run',
    })
    expect(STATUSES.reduce((sum, status) => sum + counts[status], 0)).toBe(counts.read)
    expect(reasons.map(({ status, reason, events, example }) => [status, reason, events, example])).toEqual([
      ['delivered', 'ok', 1, 't1'],
      ['invalid', 'revenue_negative', 1, 't3'],
      ['deferred', 'device_not_found', 1, 't2'],
    ])
    expect(reasons[1]).toMatchObject({
      meaning: expect.stringContaining('negative'),
      advice: expect.stringContaining('refunds'),
    })
  })

  it('says so when it does not add up', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, { rows: [{ transactionId: 't1' }], counts: { read: 2 } })
    const { counts, headline } = await reportOf(warehouse)
    expect(counts.adds_up).toBe(false)
    expect(headline).toMatchObject({ level: 'bad', sentence: expect.stringContaining('do not agree') })
  })

  it('says so when the audit table has lost rows of the run', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, { rows: [{ transactionId: 't1' }], counts: { read: 3, delivered: 3 } })
    const { counts, headline } = await reportOf(warehouse)
    expect(counts.differences).toEqual([{ status: 'delivered', counted: 3, audited: 1 }])
    expect(headline.level).toBe('bad')
  })

  it('finds nothing wrong in waits that go on: an earlier run wrote their rows', async () => {
    const warehouse = await duckdb.open()
    await addRows(warehouse, [{ transactionId: 't1', runId: 'earlier', ...waits, settledAtMs: START - HOUR }])
    await logRun(warehouse, { rows: [{ transactionId: 't2' }], counts: { read: 2, deferred: 1 } })
    const { counts, headline } = await reportOf(warehouse)
    expect(counts).toMatchObject({ adds_up: true, differences: [], waiting_as_before: 1 })
    expect(headline.level).toBe('good')
  })

  it('counts a row that was appended twice once, and a transaction by its last word', async () => {
    const warehouse = await duckdb.open()
    const twice = { transactionId: 't1', auditId: 'a1', ...eur('5') }
    const lost = { transactionId: 't2', status: 'in_doubt', reason: 'journal_lost', ...unsent } as const
    await logRun(warehouse, {
      rows: [twice, lost, { transactionId: 't2', attempt: 2 }],
      counts: { read: 2, delivered: 2, in_doubt: 0 },
    })
    await addRows(warehouse, [{ runId: RUN, ...twice }])
    const { counts, revenue, sending, answer_time_ms, delivery_lag_s } = await reportOf(warehouse)
    expect(counts.differences).toEqual([])
    expect(revenue).toMatchObject([{ currency: 'EUR', delivered: '5' }])
    expect(sending).toMatchObject({ sent: 2, answered: 2 })
    expect([answer_time_ms?.events, delivery_lag_s?.events]).toEqual([2, 2])
  })

  it('counts each copy in the source, and not only one of those that share an id', async () => {
    const warehouse = await duckdb.open()
    const copy = { transactionId: 't1', status: 'duplicate', reason: 'source_duplicate', ...unsent } as const
    await logRun(warehouse, { rows: [{ transactionId: 't1' }, copy, copy] })
    const { counts } = await reportOf(warehouse)
    expect(counts).toMatchObject({ read: 3, delivered: 1, duplicate: 2, differences: [] })
  })

  it('leaves other runs out, and what lies outside of the window', async () => {
    const warehouse = await duckdb.open()
    const day = { fromMs: START - 10 * DAY, toMs: START - 9 * DAY, isFullWindow: false }
    const inside = (START - 10 * DAY) * 1000
    await logRun(warehouse, { start: day, rows: [{ transactionId: 't1', occurredAtMicros: inside }] })
    await addRows(warehouse, [
      { transactionId: 't2', runId: RUN, occurredAtMicros: (START - 9 * DAY) * 1000 },
      { transactionId: 't3', runId: 'other', occurredAtMicros: inside },
    ])
    const { counts, tokens } = await reportOf(warehouse)
    expect(counts.differences).toEqual([])
    expect(tokens.map(({ events }) => events)).toEqual([1])
  })

  it('holds rows without a time and of the future, which a run over everything settles', async () => {
    const warehouse = await duckdb.open()
    const rows: Row[] = [
      {
        transactionId: 't1',
        status: 'invalid',
        reason: 'occurred_at_missing',
        ...unsent,
        occurredAtMicros: null,
      },
      {
        transactionId: 't2',
        status: 'invalid',
        reason: 'occurred_at_in_future',
        ...unsent,
        occurredAtMicros: (START + DAY) * 1000,
      },
    ]
    await logRun(warehouse, { rows })
    expect((await reportOf(warehouse)).counts.differences).toEqual([])
  })

  it('tells by token what was not delivered first, with its words', async () => {
    const warehouse = await duckdb.open()
    const refused = {
      status: 'rejected',
      reason: 'refused',
      httpStatus: 400,
      message: 'no <b>way</b>',
    } as const
    await logRun(warehouse, {
      rows: [
        { transactionId: 't1' },
        { transactionId: 't2' },
        { transactionId: 't3', eventToken: 'other', ...refused },
      ],
    })
    const { tokens, tokens_left_out } = await reportOf(warehouse)
    expect(tokens).toEqual([
      {
        app_token: 'app000000001',
        event_token: 'other',
        status: 'rejected',
        reason: 'refused',
        events: 1,
        example: 't3',
        http_status: 400,
        words: 'no <b>way</b>',
      },
      {
        app_token: 'app000000001',
        event_token: 'buy001',
        status: 'delivered',
        reason: 'ok',
        events: 2,
        example: 't1',
        http_status: 200,
        words: null,
      },
    ])
    expect(tokens_left_out).toBe(0)
  })

  it('says how many events are in groups that are too many to show', async () => {
    const warehouse = await duckdb.open()
    const rows = Array.from({ length: 130 }, (_, index) => ({
      transactionId: `t${index}`,
      eventToken: `token${index}`,
    }))
    await logRun(warehouse, { rows })
    const { tokens, tokens_left_out } = await reportOf(warehouse)
    expect([tokens.length, tokens_left_out]).toEqual([100, 30])
  })

  it('tells apart what was repeated: it is a request and no outcome', async () => {
    const warehouse = await duckdb.open()
    const repeated = {
      transactionId: 't1',
      status: 'retried',
      reason: 'rate_limited',
      httpStatus: 429,
    } as const
    await logRun(warehouse, { rows: [repeated, repeated, { transactionId: 't1', attempt: 3 }] })
    const { repeats, counts, sending } = await reportOf(warehouse)
    expect(repeats).toMatchObject([{ reason: 'rate_limited', requests: 2 }])
    expect(counts).toMatchObject({ read: 1, differences: [] })
    expect(sending).toMatchObject({ sent: 3 })
  })
})

describe('a run that had nothing to do', () => {
  it('has a report all the same', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse)
    const report = await reportOf(warehouse)
    expect(report).toMatchObject({
      counts: { read: 0, adds_up: true },
      headline: { level: 'good', next: [] },
      revenue: [],
      sending: null,
      answer_time_ms: null,
      delivery_lag_s: null,
      open: { deferred: 0, in_doubt: 0, next_to_give_up: null },
      run: { duration_s: 60 },
    })
    expect(report.headline.sentence).toContain('nothing to send')
  })

  it('is told from one without its own minutes: the report is about the instant at which it is made', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse)
    expect(await reportOf(warehouse, { nowMs: START + 7 * MINUTE })).toMatchObject({
      generated_at: '2026-03-01T12:07:00.000Z',
      open: { as_of: '2026-03-01T12:01:00.000Z' },
    })
  })
})
