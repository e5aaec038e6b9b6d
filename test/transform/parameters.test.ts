import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SourceRow } from '../../src/domain/event.ts'
import { eventOf, parametersOf, verdict } from './source-row.ts'

const callbackOf = (row: Partial<SourceRow>) => parametersOf(row).callback_params

describe('Callback parameters', () => {
  it('carry the transaction id, also when the row has none of its own', () => {
    expect(callbackOf({ callbackParams: null })).toBe('{"transaction_id":"order-1"}')
    expect(callbackOf({ callbackParams: 'null' })).toBe('{"transaction_id":"order-1"}')
    expect(callbackOf({ callbackParams: '{"b":"1","a":"2"}' })).toBe(
      '{"transaction_id":"order-1","b":"1","a":"2"}',
    )
  })

  it('keep our transaction id when theirs is another', () => {
    const { query, warnings } = eventOf({ callbackParams: '{"a":"1","transaction_id":"other"}' })
    expect(new URLSearchParams(query).get('callback_params')).toBe('{"transaction_id":"order-1","a":"1"}')
    expect(warnings).toEqual(['callback_transaction_id_replaced'])
    expect(eventOf({ callbackParams: '{"transaction_id":"order-1"}' }).warnings).toEqual([])
    expect(eventOf({ callbackParams: '{"transaction_id":null}' }).warnings).toEqual([])
  })

  it('turn numbers and truth values into their text, digit for digit', () => {
    const callbackParams =
      '{"id":12345678901234567890, "price":1.10, "big":1e400, "zero":-0, "yes":true, "no":false, "s":"1.10"}'
    expect(callbackOf({ callbackParams })).toBe(
      '{"transaction_id":"order-1","id":"12345678901234567890","price":"1.10","big":"1e400",' +
        '"zero":"-0","yes":"true","no":"false","s":"1.10"}',
    )
  })

  it('leave nulls out', () => {
    expect(callbackOf({ callbackParams: '{"a":null,"b":"","c":1}' })).toBe(
      '{"transaction_id":"order-1","b":"","c":"1"}',
    )
  })

  it('take names that mean something to JavaScript like any other', () => {
    const callbackParams = '{"__proto__":"p","constructor":2,"fault":"f","toString":true,"":"empty"}'
    expect(callbackOf({ callbackParams })).toBe(
      '{"transaction_id":"order-1","__proto__":"p","constructor":"2","fault":"f","toString":"true","":"empty"}',
    )
  })
})

describe('Parameters that cannot be read', () => {
  const columns: [string, keyof SourceRow][] = [
    ['callback_params', 'callbackParams'],
    ['partner_params', 'partnerParams'],
    ['parameters', 'parameters'],
  ]
  it.each(columns)('in %s make the row invalid, naming the place and not the value', (name, column) => {
    const refused = (json: string) => verdict({ [column]: json })
    expect(refused('{"foo":{"a":"secret"}}')).toBe(`settled invalid/parameters_nested: ${name}.foo`)
    expect(refused('{"n":1,"foo":["secret"]}')).toBe(`settled invalid/parameters_nested: ${name}.foo`)
    expect(refused('{"secret')).toBe(`settled invalid/parameters_malformed: ${name} is not a JSON object`)
    expect(refused('"secret"')).toBe(`settled invalid/parameters_malformed: ${name} is not a JSON object`)
    expect(refused('7')).toBe(`settled invalid/parameters_malformed: ${name} is not a JSON object`)
    expect(refused('[]')).toBe(`settled invalid/parameters_malformed: ${name} is a list, not a JSON object`)
  })

  it('do not stop the program however deep they are nested', () => {
    const deep = `{"n":1,"deep":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    expect(verdict({ partnerParams: deep })).toBe('settled invalid/parameters_nested: partner_params.deep')
  })
})

describe('Further parameters', () => {
  it('are passed on as text, in the order given', () => {
    const { query } = eventOf({ parameters: '{"os_version":17.10,"att_status":3,"x y":"a&b","none":null}' })
    expect(query).toMatch(/&os_version=17\.10&att_status=3&x%20y=a%26b$/)
  })

  it.each([
    's2s',
    'app_token',
    'event_token',
    'created_at',
    'created_at_unix',
    'environment',
    'revenue',
    'currency',
    'idfa',
    'gps_adid',
    'device_id',
    'external_device_id',
    'ip_address',
    'user_agent',
    'os_name',
    'callback_params',
    'partner_params',
  ])('may not be named %s', (name) => {
    expect(verdict({ parameters: JSON.stringify({ [name]: 'x' }) })).toBe(
      `settled invalid/parameters_reserved: parameters.${name}`,
    )
  })

  it('need a name', () => {
    expect(verdict({ parameters: '{"":"x"}' })).toBe(
      'settled invalid/parameters_malformed: parameters has a parameter without a name',
    )
  })
})

describe('Ad revenue', () => {
  const adRevenue = { kind: 'ad_revenue', eventToken: null, revenue: '0.02', currency: 'USD' }

  it('goes out with its source and without an event token', () => {
    const event = eventOf({ ...adRevenue, parameters: '{"ad_impressions_count":10}' })
    expect(event.path).toBe('/ad_revenue')
    expect(Object.fromEntries(new URLSearchParams(event.query))).toMatchObject({
      source: 'publisher',
      revenue: '0.02',
      currency: 'USD',
      ad_impressions_count: '10',
    })
    expect(event.query).not.toContain('event_token')
  })

  it('keeps the source that the row names', () => {
    const parameters = '{"ad_impressions_count":10,"source":"other"}'
    expect(new URLSearchParams(eventOf({ ...adRevenue, parameters }).query).getAll('source')).toEqual([
      'other',
    ])
  })

  it('is incomplete without revenue or the number of impressions', () => {
    expect(verdict({ ...adRevenue, revenue: '0' })).toBe(
      'settled invalid/ad_revenue_incomplete: missing: revenue above zero, parameters.ad_impressions_count',
    )
    expect(verdict({ ...adRevenue, parameters: '{"ad_impressions_count":null}' })).toContain(
      'missing: parameters.ad_impressions_count',
    )
    expect(verdict({ ...adRevenue, currency: null })).toContain('invalid/currency_missing')
  })
})

describe('IP addresses', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', []],
    ['2001:db8::1', undefined, ['ip_address_ipv6']],
    ['::ffff:192.0.2.7', undefined, ['ip_address_ipv6']],
    ['192.0.2.256', undefined, ['ip_address_malformed']],
    ['192.0.2.7/32', undefined, ['ip_address_malformed']],
  ])('%s is sent as %s', (ipAddress, sent, warnings) => {
    expect(parametersOf({ ipAddress }).ip_address).toBe(sent)
    expect(eventOf({ ipAddress }).warnings).toEqual(warnings)
  })
})

describe('Any text', () => {
  /** Every code point, the characters that mean something to a form, and lone surrogates. */
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('+', '&', '%', '=', ' ', '\n', '\0', '"', '\\', '😀', '%20', '\ud800', '\udc00'),
    }),
  )

  it('reaches a form decoder as it stands in the row, lone surrogates replaced with a warning', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (userAgent, key, value) => {
        const json = JSON.stringify({ [`k${key}`]: value })
        const { query, warnings } = eventOf({
          userAgent,
          callbackParams: json,
          partnerParams: json,
          parameters: json,
        })
        const sent = new URLSearchParams(query)
        const name = `k${key}`.toWellFormed()
        const text = value.toWellFormed()
        expect(sent.get('user_agent') ?? '').toBe(userAgent.toWellFormed())
        expect(JSON.parse(sent.get('callback_params') ?? '')).toEqual({
          transaction_id: 'order-1',
          [name]: text,
        })
        expect(JSON.parse(sent.get('partner_params') ?? '')).toEqual({ [name]: text })
        expect(sent.get(name)).toBe(text)
        const wellFormed = [userAgent, key, value].every((part) => part.isWellFormed())
        expect(warnings).toEqual(wellFormed ? [] : ['text_not_well_formed'])
      }),
      { numRuns: 500 },
    )
  })

  it('may be a transaction id', () => {
    fc.assert(
      fc.property(anyText, (transactionId) => {
        const event = eventOf({ transactionId })
        const callback = new URLSearchParams(event.query).get('callback_params') ?? ''
        expect(event.transactionId).toBe(transactionId)
        expect(JSON.parse(callback).transaction_id).toBe(transactionId.toWellFormed())
      }),
    )
  })
})
