import { describe, expect, it } from 'vitest'
import { measure } from '../../src/export/quality.ts'
import { EVENTS_MAX, readSentEvents } from '../../src/export/read-sent-events.ts'
import { type SentEvent, SentEvents } from '../../src/export/sent-events.ts'
import { UnknownIds } from '../../src/export/unknown-ids.ts'
import { readQuery } from '../../src/warehouse/queries.ts'
import { LATEST_FIRST } from '../../src/warehouse/schema.ts'

const MINUTE = 60_000
const START = Date.parse('2026-11-20T00:00:00Z')

const sent = (minute: number, changes: Partial<SentEvent> = {}): SentEvent => ({
  ...{ transactionId: `t${minute}`, appToken: 'app', kind: 'event', eventToken: 'abc123' },
  ...{ outcome: 'delivered ok', isDelivered: true, requests: 1, deliveries: 1 },
  ...{ sentAtMs: START + minute * MINUTE, occurredAtMs: START + minute * MINUTE },
  ...changes,
})

/** One event a minute, some of them changed; the export has each as often as it is said. */
function measured(
  minutes: number,
  times: (minute: number) => number,
  change: (minute: number) => Partial<SentEvent> = () => ({}),
) {
  const events = new SentEvents(minutes)
  for (let minute = 0; minute < minutes; minute++) events.add(sent(minute, change(minute)))
  const row = { appToken: null, eventToken: null, atMs: null, source: 0, line: 1 }
  for (let minute = 0; minute < minutes; minute++)
    for (let time = 0; time < times(minute); time++)
      events.match({ ...row, transactionId: events.ids[minute]! })
  return measure(events, () => false)
}

describe('what an export says of delivered events', () => {
  it('counts single ones that are missing as lost, and ten in a row as a hole in the export', () => {
    const missing = (minute: number) =>
      minute === 50 || (minute >= 100 && minute < 109) || (minute >= 200 && minute < 210)
    expect(measured(400, (minute) => (missing(minute) ? 0 : 1))).toMatchObject({
      delivered: 400,
      found: 380,
      measured: 390,
      missing: { count: 10, examples: ['t50', 't100', 't101', 't102', 't103'] },
      notMeasured: { outsideTheExport: 0, inHoles: 10, tokenNotInExport: 0 },
    })
  })

  it('does not count what was sent before the export begins, or less than an hour before it ends', () => {
    const has = (minute: number) => minute >= 100 && minute <= 300 && minute !== 230 && minute !== 250
    expect(measured(400, (minute) => Number(has(minute)))).toMatchObject({
      missing: { count: 1, examples: ['t230'] },
      notMeasured: { outsideTheExport: 100 + 1 + 99 },
    })
  })

  it('does not count a token that the export is set up without, nor another app', () => {
    const change = (minute: number) => ({
      ...(minute % 10 === 3 ? { eventToken: 'other' } : {}),
      ...(minute % 10 === 4 ? { appToken: 'app2' } : {}),
    })
    const quality = measured(300, (minute) => Number(minute % 10 !== 3 && minute % 10 !== 4), change)
    expect(quality).toMatchObject({
      measured: 240,
      missing: { count: 0 },
      notMeasured: { tokenNotInExport: 60 },
    })
  })

  it('counts rows beyond those that were sent on purpose as duplicates', () => {
    const change = (minute: number) => (minute === 7 ? { deliveries: 2, requests: 2 } : {})
    expect(measured(20, (minute) => (minute === 7 || minute === 9 ? 3 : 1), change).duplicated).toEqual({
      count: 2,
      extraRows: 1 + 2,
      examples: ['t7', 't9'],
    })
  })

  it('lists what it has though Adjust refused it or it was never answered', () => {
    const change = (minute: number) => {
      if (minute === 1) return { isDelivered: false, outcome: 'rejected bad_event_state', deliveries: 0 }
      if (minute === 2) return { isDelivered: false, outcome: 'delivered found_in_export', deliveries: 0 }
      return {}
    }
    const { contradicted } = measured(5, () => 1, change)
    expect([...contradicted]).toEqual([['rejected bad_event_state', { count: 1, examples: ['t1'] }]])
  })
})

describe('the events of a window', () => {
  const answer = (totalRows: number) => ({
    async *query() {
      yield { rowCount: 0, totalRows, columns: {} }
    },
  })

  it('have the settlement that the view of the newest ones has', () => {
    expect(readQuery('sent-events.sql')).toContain(LATEST_FIRST)
  })

  it('are refused before they are read where they do not fit into memory', async () => {
    const window = { fromMs: START, toMs: START + MINUTE }
    await expect(readSentEvents(answer(EVENTS_MAX), window, [sent(1)])).rejects.toMatchObject({
      exitCode: 2,
      message: 'the window holds 2000001 sent events, and at most 2000000 fit into memory',
      hint: expect.stringContaining('--from and --to'),
    })
    await expect(readSentEvents(answer(3), window, [sent(1)])).resolves.toMatchObject({ events: { size: 1 } })
  })
})

describe('ids that nobody here knows', () => {
  it('count once each, and are said not to be exact where there are too many', () => {
    const few = new UnknownIds()
    for (const id of ['a', 'b', 'a', 'c']) few.add(id)
    few.remove('b')
    expect(few).toMatchObject({ count: 2, isExact: true, examples: ['a', 'c'] })
    const many = new UnknownIds()
    for (let number = 0; number < 500_002; number++) many.add(`x${number}`)
    expect(many).toMatchObject({ count: 500_002, isExact: false })
  })
})
