import { describe, expect, it } from 'vitest'
import type { OpenDoubt } from '../src/audit/resolution.ts'
import { isWithin, momentOf, windowOf } from '../src/reconcile-doubts.ts'

const at = (time: string) => Date.parse(`2026-11-20T${time}:00Z`)

function doubt(changes: Partial<OpenDoubt> = {}): OpenDoubt {
  return {
    ...{
      transactionId: 't1',
      status: 'in_doubt',
      reason: 'timed_out',
      message: null,
      attempt: 1,
      runId: 'run-1',
    },
    ...{ settledAtMs: at('10:20'), sentAtMs: at('10:10'), doubtedAtMs: at('10:11') },
    ...{
      kind: 'event',
      appToken: 'app',
      eventToken: 'abc123',
      device: null,
      deviceNames: [],
      identifiers: null,
    },
    ...{ occurredAtMicros: at('09:50') * 1000, revenue: null, currency: null },
    ...changes,
  } as OpenDoubt
}

describe('when an event in doubt was sent', () => {
  it('is known of its one request, and of several whose begins are all known', () => {
    expect(momentOf(doubt())).toEqual({ sentFromMs: at('10:10'), sentToMs: at('10:10') })
    const first = { sentAtMs: at('10:02'), requests: 2 }
    expect(momentOf(doubt({ attempt: 2 }), first)).toEqual({ sentFromMs: at('10:02'), sentToMs: at('10:10') })
  })

  it('is otherwise some time between its occurrence and the doubt', () => {
    const sinceItOccurred = { sentFromMs: at('09:45'), sentToMs: at('10:10') }
    expect(momentOf(doubt({ attempt: 2 }))).toEqual(sinceItOccurred)
    expect(momentOf(doubt({ attempt: 2 }), { sentAtMs: at('10:10'), requests: 1 })).toEqual(sinceItOccurred)
    const lost = doubt({ sentAtMs: null, reason: 'journal_lost' })
    expect(momentOf(lost)).toEqual({ sentFromMs: at('09:45'), sentToMs: at('10:11') })
  })
})

describe('the window of a reconciliation', () => {
  const none = { from: null, to: null }

  it('begins a day before the oldest doubt, and in full hours, for completeness is judged by the hour', () => {
    const doubts = [doubt({ sentAtMs: at('12:30') }), doubt()]
    expect(windowOf(none, doubts, at('14:58'))).toEqual({
      fromMs: Date.parse('2026-11-19T10:00Z'),
      toMs: Date.parse('2026-11-20T16:00Z'),
    })
    expect(windowOf({ from: at('10:30'), to: at('12:01') }, doubts, at('14:58'))).toEqual({
      fromMs: at('10:00'),
      toMs: at('13:00'),
    })
  })

  it('is a week where nothing is in doubt', () => {
    expect(windowOf(none, [], at('14:00')).fromMs).toBe(Date.parse('2026-11-13T14:00Z'))
  })

  it('holds a doubt that may have been sent in it', () => {
    const window = { fromMs: at('10:00'), toMs: at('11:00') }
    const isHeld = (changes: Partial<OpenDoubt>) => isWithin(window, doubt(changes))
    expect([isHeld({}), isHeld({ sentAtMs: at('11:00') }), isHeld({ sentAtMs: at('09:59') })]).toEqual([
      true,
      false,
      false,
    ])
    expect(isHeld({ sentAtMs: null, doubtedAtMs: at('15:00') })).toBe(true)
  })
})
