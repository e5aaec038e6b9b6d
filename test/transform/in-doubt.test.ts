import { describe, expect, it } from 'vitest'
import type { InDoubtPolicy } from '../../src/domain/policy.ts'
import { earlierWith, MINUTE_MS, NOW_MS, transformed, verdict } from './source-row.ts'

const HOUR_MS = 60 * MINUTE_MS
const both = (policy: InDoubtPolicy) => ({ inDoubt: { revenue: policy, other: policy } })
const inDoubtFor = (ageMs: number) => ({ earlier: earlierWith({ settledAtMs: NOW_MS - ageMs }) })
const purchase = { revenue: '5', currency: 'EUR' }

describe('An event in doubt', () => {
  it('is held with its reason under the policy hold', () => {
    expect(transformed(inDoubtFor(HOUR_MS))).toMatchObject({
      kind: 'held',
      status: 'in_doubt',
      reason: 'timed_out',
      event: { transactionId: 'order-1', earlier: { status: 'in_doubt' } },
    })
  })

  it('is left alone under the policy skip, so nothing waits behind it', () => {
    expect(verdict(inDoubtFor(HOUR_MS), both('skip'))).toBe('settled in_doubt/timed_out')
  })

  it('is sent again under the policy resend, after fifteen quiet minutes', () => {
    expect(verdict(inDoubtFor(15 * MINUTE_MS), both('resend'))).toBe('event')
    expect(verdict(inDoubtFor(15 * MINUTE_MS - 1), both('resend'))).toBe('held in_doubt/timed_out')
  })

  it.each(['hold', 'skip'] as const)('is abandoned after the hold time under the policy %s', (policy) => {
    expect(verdict(inDoubtFor(24 * HOUR_MS - 1), both(policy))).toContain('in_doubt/timed_out')
    expect(verdict(inDoubtFor(24 * HOUR_MS), both(policy))).toBe('settled abandoned/in_doubt_too_long')
  })

  it('is never abandoned under the policy resend', () => {
    expect(verdict(inDoubtFor(240 * HOUR_MS), both('resend'))).toBe('event')
  })

  it('is sent again by --resend all whatever the policy, once it has been quiet', () => {
    expect(verdict(inDoubtFor(240 * HOUR_MS), { ...both('hold'), resend: 'all' })).toBe('event')
    expect(verdict(inDoubtFor(MINUTE_MS), { ...both('skip'), resend: 'all' })).toContain('held in_doubt')
  })

  it('follows the policy of its class', () => {
    const inDoubt = { inDoubt: { revenue: 'hold', other: 'skip' } } as const
    const row = inDoubtFor(HOUR_MS)
    expect(verdict({ ...row, ...purchase }, inDoubt)).toContain('held')
    expect(verdict({ ...row, revenue: '0.00' }, inDoubt)).toContain('settled in_doubt')
    expect(verdict(row, inDoubt)).toContain('settled in_doubt')
  })

  it.each(['of_a_newer_version', 'ok', 'toString'])(
    'counts the reason %s as a process that died',
    (reason) => {
      expect(verdict({ earlier: earlierWith({ reason }) })).toBe('held in_doubt/process_died')
    },
  )

  it('is held although the device has opted out, its time is over or a later one was delivered', () => {
    const row = inDoubtFor(HOUR_MS)
    expect(verdict({ ...row, occurredAtMicros: 0 })).toContain('held in_doubt')
    expect(verdict({ ...row, deviceOptedOut: true })).toContain('held in_doubt')
    expect(verdict({ ...row, laterDeliveredAtMicros: NOW_MS * 1000 })).toContain('held in_doubt')
  })
})

describe('An event in doubt that cannot be sent again', () => {
  it('stays in doubt while the row can be mended: nobody knows that it was not counted', () => {
    expect(verdict({ ...inDoubtFor(HOUR_MS), revenue: 'abc' })).toBe(
      'settled in_doubt/timed_out: not sent again: revenue_malformed, revenue is "abc"',
    )
    expect(verdict({ ...inDoubtFor(HOUR_MS), appToken: null }, both('resend'))).toBe(
      'settled in_doubt/timed_out: not sent again: app_token_missing',
    )
  })

  it('is abandoned, not expired, when its time is over', () => {
    expect(verdict({ ...inDoubtFor(HOUR_MS), occurredAtMicros: 0 }, both('resend'))).toBe(
      'settled abandoned/in_doubt_too_long: not sent again: too_old, ' +
        'occurred at 1970-01-01T00:00:00.000000Z; the limit is 58 days',
    )
  })
})
