import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/load/classify.ts'
import { type Circumstances, decide } from '../../src/load/decide.ts'

const usual: Circumstances = {
  inDoubtPolicy: 'hold',
  isUnknownTooLong: false,
  failures: 1,
  maxAttempts: 5,
  stopped: null,
  spendRetry: () => true,
}
const rateLimited: Finding = { kind: 'retry', reason: 'rate_limited', retryAfterMs: 3_000 }
const notSent: Finding = { kind: 'retry', reason: 'not_sent', retryAfterMs: null }
const inDoubt: Finding = { kind: 'in_doubt', reason: 'timed_out' }
const deferred = (reason: string) => ({ kind: 'hold', status: 'deferred', reason })

describe('what becomes of an event', () => {
  it('is what Adjust said when it settled it', () => {
    const finding: Finding = { kind: 'settled', status: 'rejected', reason: 'bad_event_state' }
    expect(decide(finding, usual)).toEqual({ kind: 'settle', status: 'rejected', reason: 'bad_event_state' })
  })

  it('is another run when Adjust refused the app or the credentials', () => {
    expect(decide({ kind: 'deferred', reason: 'app_stopped' }, usual)).toEqual(deferred('app_stopped'))
  })

  it('is another run when the device is not known yet, and a rejection when that has gone on for too long', () => {
    expect(decide({ kind: 'device_not_found' }, usual)).toEqual(deferred('device_not_found'))
    expect(decide({ kind: 'device_not_found' }, { ...usual, isUnknownTooLong: true })).toEqual({
      kind: 'settle',
      status: 'rejected',
      reason: 'device_not_found_too_long',
    })
  })

  it('keeps later events behind one in doubt, but for the policy that sends at most once', () => {
    for (const inDoubtPolicy of ['hold', 'resend'] as const) {
      expect(decide(inDoubt, { ...usual, inDoubtPolicy })).toEqual({
        kind: 'hold',
        status: 'in_doubt',
        reason: 'timed_out',
      })
    }
    expect(decide(inDoubt, { ...usual, inDoubtPolicy: 'skip' })).toEqual({
      kind: 'settle',
      status: 'in_doubt',
      reason: 'timed_out',
    })
  })

  it('is a retry with the delay that Adjust asked for', () => {
    expect(decide(rateLimited, usual)).toEqual({ kind: 'retry', reason: 'rate_limited', retryAfterMs: 3_000 })
  })

  it('is another run after the last attempt', () => {
    expect(decide(rateLimited, { ...usual, failures: 4 })).toMatchObject({ kind: 'retry' })
    expect(decide(rateLimited, { ...usual, failures: 5 })).toEqual(deferred('retries_exhausted'))
  })

  it('is another run when the quota for retries is spent, but not if nothing had been sent', () => {
    const broke = { ...usual, spendRetry: () => false }
    expect(decide(rateLimited, broke)).toEqual(deferred('retry_quota_spent'))
    expect(decide(notSent, broke)).toMatchObject({ kind: 'retry', reason: 'not_sent' })
  })

  it('is another run when this one has stopped, and costs no quota then', () => {
    const spendRetry = () => {
      throw new Error('nothing is to be spent')
    }
    expect(decide(rateLimited, { ...usual, stopped: 'run_stopped', spendRetry })).toEqual(
      deferred('run_stopped'),
    )
  })
})
