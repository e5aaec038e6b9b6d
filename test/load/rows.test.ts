import { describe, expect, it } from 'vitest'
import type { EarlierOutcome } from '../../src/domain/event.ts'
import { keepDoubt, unsent } from '../../src/load/rows.ts'

const earlier = (status: string, reason: string): EarlierOutcome => ({
  runId: 'run-1',
  status,
  reason,
  message: null,
  attempts: 1,
  firstSentAtMs: 1_000,
  settledAtMs: 2_000,
})

describe('an event that an earlier run left in doubt', () => {
  const inDoubt = earlier('in_doubt', 'timed_out')

  it('stays in doubt for its first reason when this run could not send it again', () => {
    expect(keepDoubt(unsent('deferred', 'run_stopped'), inDoubt)).toMatchObject({
      status: 'in_doubt',
      reason: 'timed_out',
      message: 'not sent again: run_stopped',
    })
  })

  it('stays in doubt when it waits for another event, which the message names', () => {
    const waiting = unsent('deferred', 'waits_for_earlier', 'order-7')
    expect(keepDoubt(waiting, inDoubt)).toMatchObject({
      status: 'in_doubt',
      reason: 'timed_out',
      message: 'order-7',
    })
  })

  it('is abandoned rather than expired when it has become too old: it may have been counted', () => {
    expect(keepDoubt(unsent('expired', 'too_old'), inDoubt)).toMatchObject({
      status: 'abandoned',
      reason: 'in_doubt_too_long',
    })
  })

  it('is abandoned rather than rejected when Adjust refuses it for its state: it may have counted the first', () => {
    const refused = { ...unsent('rejected', 'bad_event_state', 'Bad event state'), httpStatus: 400 }
    expect(keepDoubt(refused, inDoubt)).toMatchObject({
      status: 'abandoned',
      reason: 'refused_again',
      message: 'Bad event state',
    })
    const malformed = { ...unsent('rejected', 'invalid_revenue'), httpStatus: 400 }
    expect(keepDoubt(malformed, inDoubt)).toEqual(malformed)
  })

  it('is settled by an answer like any other', () => {
    const delivered = { ...unsent('delivered', 'ok'), httpStatus: 200 }
    expect(keepDoubt(delivered, inDoubt)).toEqual(delivered)
  })
})

it('an event without such a past is recorded as it ended', () => {
  const deferred = unsent('deferred', 'run_stopped')
  expect(keepDoubt(deferred, null)).toBe(deferred)
  expect(keepDoubt(deferred, earlier('deferred', 'device_not_found'))).toBe(deferred)
})
