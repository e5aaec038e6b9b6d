import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SourceRow } from '../../src/domain/event.ts'
import { REASONS } from '../../src/domain/reason.ts'
import { DAY_MS, earlierWith, eventOf, IDFA, MINUTE_MS, NOW_MS, transformed, verdict } from './source-row.ts'

const micros = (ms: number) => ms * 1000

describe('A row in order', () => {
  it('becomes a request with its parameters in a fixed order', () => {
    const event = eventOf({
      occurredAtMicros: Date.parse('2026-03-09T15:04:05.678Z') * 1000 + 999,
      revenue: '11.770',
      currency: 'eur',
      ipAddress: '192.0.2.7',
      userAgent: 'Mozilla/5.0 (X11)',
      osName: 'ios',
      callbackParams: '{"sku":"a"}',
      partnerParams: '{"b":"1"}',
      parameters: '{"att_status":3}',
    })
    expect(event.query.split('&')).toEqual([
      's2s=1',
      'app_token=4w565xzmb54d',
      'event_token=f0ob4r',
      'environment=sandbox',
      'created_at=2026-03-09T15%3A04%3A05.678%2B0000',
      'adid=a1b2c3',
      `idfa=${IDFA}`,
      'revenue=11.77',
      'currency=EUR',
      'ip_address=192.0.2.7',
      'user_agent=Mozilla%2F5.0%20(X11)',
      'os_name=ios',
      'callback_params=%7B%22transaction_id%22%3A%22order-1%22%2C%22sku%22%3A%22a%22%7D',
      'partner_params=%7B%22b%22%3A%221%22%7D',
      'att_status=3',
    ])
    expect(event).toMatchObject({
      transactionId: 'order-1',
      kind: 'event',
      path: '/event',
      revenue: '11.77',
      currency: 'EUR',
      identifiers: { adid: 'a1b2c3', idfa: IDFA },
      warnings: [],
      earlier: null,
    })
  })

  it('leaves out what the row has not, empty text included', () => {
    const { query } = eventOf({
      userAgent: '',
      osName: '',
      ipAddress: '',
      callbackParams: ' ',
      partnerParams: '{}',
    })
    expect(query.split('&').map((part) => part.split('=')[0])).toEqual([
      's2s',
      'app_token',
      'event_token',
      'environment',
      'created_at',
      'adid',
      'idfa',
      'callback_params',
    ])
  })

  it('names its own environment, or takes the one of the settings', () => {
    expect(eventOf({ environment: 'production' }).query).toContain('&environment=production&')
    expect(eventOf({}, { environment: 'production' }).query).toContain('&environment=production&')
  })

  it('passes on what earlier runs learned of it', () => {
    const earlier = earlierWith({ status: 'deferred', reason: 'device_not_found', attempts: 3 })
    expect(eventOf({ earlier }).earlier).toEqual(earlier)
  })

  it('goes to the endpoint of its kind, and only an event carries the event token', () => {
    const session = eventOf({ kind: 'session', eventToken: null })
    expect(session.path).toBe('/session')
    expect(session.query).not.toContain('event_token')
    expect(eventOf({ kind: 'session' }).query).not.toContain('event_token')
  })
})

describe('A row that cannot be told from others', () => {
  it('is a duplicate when an earlier row has its transaction id', () => {
    expect(verdict({ sourceDuplicate: true })).toBe('settled duplicate/source_duplicate')
  })

  it('is invalid without a transaction id, even when it looks like a duplicate', () => {
    expect(verdict({ transactionIdMissing: true })).toBe('settled invalid/transaction_id_missing')
    expect(verdict({ transactionIdMissing: true, sourceDuplicate: true })).toBe(
      'settled invalid/transaction_id_missing',
    )
  })

  it('stops the program when it was delivered before and nobody asked for it again', () => {
    const earlier = earlierWith({ status: 'delivered', reason: 'ok' })
    expect(() => verdict({ earlier })).toThrow(/delivered row/)
    expect(() => verdict({ earlier }, { resend: 'failed' })).toThrow(/delivered row/)
    expect(verdict({ earlier }, { resend: 'all' })).toBe('event')
  })
})

describe('The envelope of a row', () => {
  const cases: [string, Partial<SourceRow>, string][] = [
    ['an unknown kind', { kind: 'Event' }, 'invalid/kind_unknown: kind is "Event"'],
    ['no time', { occurredAtMicros: null }, 'invalid/occurred_at_missing'],
    ['no app token', { appToken: null }, 'invalid/app_token_missing'],
    ['a blank app token', { appToken: ' ' }, 'invalid/app_token_missing'],
    ['no event token', { eventToken: null }, 'invalid/event_token_missing'],
    ['an empty event token', { eventToken: '' }, 'invalid/event_token_missing'],
    [
      'an unknown environment',
      { environment: 'Production' },
      'invalid/environment_unknown: environment is "Production"',
    ],
    [
      'a time before the calendar',
      { occurredAtMicros: Number.NEGATIVE_INFINITY },
      'invalid/occurred_at_missing: occurred_at is before the year 0',
    ],
  ]
  it.each(cases)('with %s is refused', (_, row, expected) => {
    expect(verdict(row)).toBe(`settled ${expected}`)
  })

  it('may be five minutes ahead of the clock and not a microsecond more', () => {
    const latest = micros(NOW_MS + 5 * MINUTE_MS)
    expect(verdict({ occurredAtMicros: latest })).toBe('event')
    expect(verdict({ occurredAtMicros: latest + 1 })).toBe(
      'settled invalid/occurred_at_in_future: occurred_at is 5 minutes ahead',
    )
  })

  it('says how far ahead a wrong time zone put it', () => {
    expect(verdict({ occurredAtMicros: micros(NOW_MS + 120 * MINUTE_MS) })).toContain('120 minutes ahead')
    expect(verdict({ occurredAtMicros: Date.parse('9999-12-31') * 1000 })).toContain('occurred_at_in_future')
  })

  it('shows at most forty characters of a value', () => {
    expect(verdict({ kind: 'x'.repeat(500) })).toBe(
      `settled invalid/kind_unknown: kind is "${'x'.repeat(40)}…"`,
    )
  })
})

describe('The age of a row', () => {
  const limit = NOW_MS - 58 * DAY_MS + MINUTE_MS

  it('ends one minute before the limit', () => {
    expect(eventOf({ occurredAtMicros: micros(limit + 1) }).expiresAtMs).toBe(NOW_MS + 1)
    expect(verdict({ occurredAtMicros: micros(limit) })).toBe(
      'settled expired/too_old: occurred at 2026-01-11T12:01:00.000000Z; the limit is 58 days',
    )
  })

  it('is 28 days at most for ad revenue, less when the setting is less', () => {
    const age = (days: number) => ({ kind: 'ad_revenue', occurredAtMicros: micros(NOW_MS - days * DAY_MS) })
    expect(verdict(age(28))).toContain('expired/too_old')
    expect(verdict(age(27))).not.toContain('too_old')
    expect(verdict(age(27), { maxAgeDays: 20 })).toContain('the limit is 20 days')
  })

  it('is looked at before the contents, which nobody should mend in vain', () => {
    expect(verdict({ occurredAtMicros: micros(limit), revenue: 'abc' })).toContain('expired/too_old')
  })
})

describe('A row that others have overtaken', () => {
  const late = { laterDeliveredAtMicros: Date.parse('2026-03-09T20:00:00.5Z') * 1000 + 7 }

  it('is not sent, and says what came first', () => {
    expect(verdict(late)).toBe(
      'settled late/later_event_delivered: delivered already: an event of 2026-03-09T20:00:00.500007Z',
    )
  })

  it('is sent when the settings say so, or on --resend all', () => {
    expect(verdict(late, { late: 'send' })).toBe('event')
    expect(verdict(late, { resend: 'all' })).toBe('event')
    expect(verdict(late, { resend: 'failed' })).toContain('late/')
  })

  it('is sent as ad revenue, which needs no order', () => {
    const adRevenue = { kind: 'ad_revenue', revenue: '1', currency: 'USD' }
    const parameters = '{"ad_impressions_count":1}'
    expect(verdict({ ...late, ...adRevenue, parameters })).toBe('event')
    expect(verdict({ waitsForInDoubt: 'order-0', ...adRevenue, parameters })).toBe('event')
  })
})

describe('A device that has opted out', () => {
  it('suppresses the row, whatever its contents and age', () => {
    expect(verdict({ deviceOptedOut: true })).toBe('settled suppressed/device_opted_out_before')
    expect(verdict({ deviceOptedOut: true, revenue: 'abc', occurredAtMicros: 0 })).toContain('suppressed/')
    expect(verdict({ deviceOptedOut: true }, { resend: 'all' })).toContain('suppressed/')
  })
})

describe('A row behind an event in doubt', () => {
  it('is deferred with its event, and names the other', () => {
    const result = transformed({ waitsForInDoubt: 'order-0' })
    expect(result).toMatchObject({
      kind: 'held',
      status: 'deferred',
      reason: 'waits_for_in_doubt',
      message: 'order-0',
      event: { transactionId: 'order-1' },
    })
  })

  it('does not wait when it is in doubt itself and goes out again: the two would wait for each other', () => {
    const row = { earlier: earlierWith(), waitsForInDoubt: 'order-0' }
    expect(verdict(row, { inDoubt: { revenue: 'resend', other: 'resend' } })).toBe('event')
    expect(verdict(row)).toBe('held in_doubt/timed_out')
  })

  it('is refused first when it can never be sent', () => {
    expect(verdict({ waitsForInDoubt: 'order-0', revenue: '-1' })).toContain('invalid/revenue_negative')
  })
})

describe('The size of a request', () => {
  const sized = (bytes: number) => {
    const bare = eventOf({ userAgent: 'x' }).query.length - 1
    return { userAgent: 'x'.repeat(bytes - bare) }
  }

  it('may be a million bytes and not one more', () => {
    expect(eventOf(sized(1_000_000)).query.length).toBe(1_000_000)
    expect(verdict(sized(1_000_001))).toBe(
      'settled rejected/request_too_large: 1000001 bytes encoded, more than 1000000; most of it is user_agent',
    )
  })

  it('counts as encoded', () => {
    const partnerParams = JSON.stringify({ note: 'ü'.repeat(200_000) })
    expect(verdict({ partnerParams })).toMatch(/request_too_large: 1200\d\d\d bytes .* partner_params$/)
  })
})

describe('Any row', () => {
  const text = fc.oneof(fc.constant(null), fc.string({ unit: 'binary' }), fc.json(), fc.constant('event'))
  const anyRow = fc.record({
    occurredAtMicros: fc.oneof(
      fc.constant(null),
      fc.double(),
      fc.maxSafeInteger(),
      fc.constant(micros(NOW_MS)),
    ),
    kind: fc.oneof(text, fc.constantFrom(null, 'event', 'ad_revenue', 'session')),
    appToken: text,
    eventToken: text,
    revenue: fc.oneof(text, fc.double().map(String)),
    currency: fc.oneof(text, fc.constant('EUR')),
    ipAddress: fc.oneof(text, fc.ipV4(), fc.ipV6()),
    userAgent: text,
    callbackParams: text,
    partnerParams: text,
    parameters: text,
    earlier: fc.oneof(
      fc.constant(null),
      fc.integer({ max: NOW_MS }).map((settledAtMs) => earlierWith({ settledAtMs })),
    ),
  })

  it('ends in one result, whose status is that of its reason', () => {
    fc.assert(
      fc.property(anyRow, (row) => {
        const result = transformed(row)
        if (result.kind === 'event') expect(result.event.query).toMatch(/^s2s=1&app_token=[\x21-\x7e]+$/)
        else expect(result.status).toBe(REASONS[result.reason].status)
      }),
      { numRuns: 2000 },
    )
  })
})
