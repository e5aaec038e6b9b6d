import { describe, expect, it } from 'vitest'
import type { World } from '../../src/simulator/world.ts'
import { APP, answerTo, event, GPS_ADID, type SendOptions, send, start } from './sending.ts'

describe('a good event', () => {
  it('is answered with 200 OK as plain text and is counted', async () => {
    const simulator = await start()
    const reply = await send(simulator, event())
    expect(reply).toMatchObject({ status: 200, body: 'OK' })
    expect(reply.contentType).toMatch(/^text\/plain/)
    expect(simulator.truth()).toMatchObject([{ counted: true, answer: { status: 200, message: 'OK' } }])
  })

  it('is answered in JSON if the world says so', async () => {
    const simulator = await start({ world: { answers: { ok: 'json' } } })
    const reply = await send(simulator, event())
    expect(reply).toMatchObject({ status: 200, contentType: 'application/json', body: '{"status":"OK"}' })
  })

  it.each(['post_body', 'post_url', 'get'] as const)('is counted when it comes by %s', async (style) => {
    const simulator = await start()
    const parameters = event({ callback_params: '{"transaction_id":"a+b&c=%41 ü😀\\n"}' })
    expect(await answerTo(simulator, parameters, { style })).toBe('200 OK')
    expect(simulator.truth()).toMatchObject([
      { counted: true, transactionId: 'a+b&c=%41 ü😀\n', parameters, violations: [] },
    ])
  })

  it('counts again when it is sent again, because Adjust does not deduplicate', async () => {
    const simulator = await start()
    const parameters = event({ callback_params: '{"transaction_id":"t1"}' })
    await send(simulator, parameters)
    expect(await answerTo(simulator, parameters)).toBe('200 OK')
    expect(simulator.summary()).toMatchObject({ counted: 2, countedTwice: ['t1'] })
  })
})

interface Case {
  answer: string
  world?: World
  change?: Record<string, string | undefined>
  options?: SendOptions
}

const app = (settings: NonNullable<World['default_app']>): World => ({ apps: { [APP]: settings } })

const REFUSALS: Record<string, Case> = {
  'callback parameters that are no JSON': {
    answer: '400 Invalid callback parameters',
    change: { callback_params: '{a' },
  },
  'a callback parameter that is a number': {
    answer: '400 Invalid callback parameters',
    change: { callback_params: '{"a":1}' },
  },
  'a nested partner parameter': {
    answer: '400 Invalid callback parameters',
    change: { partner_params: '{"a":{"b":"c"}}' },
  },
  'callback parameters in an array': {
    answer: '400 Invalid callback parameters',
    change: { callback_params: '["a"]' },
  },
  'revenue without a currency': { answer: '400 Invalid revenue', change: { revenue: '1.00' } },
  'revenue with a lower-case currency': {
    answer: '400 Invalid revenue',
    change: { revenue: '1', currency: 'eur' },
  },
  'revenue below 0.001': { answer: '400 Invalid revenue', change: { revenue: '0.0009', currency: 'EUR' } },
  'revenue above 100,000,000,000': {
    answer: '400 Invalid revenue',
    change: { revenue: '100000000001', currency: 'EUR' },
  },
  'negative revenue': { answer: '400 Invalid revenue', change: { revenue: '-5', currency: 'EUR' } },
  'revenue with an exponent': { answer: '400 Invalid revenue', change: { revenue: '1e2', currency: 'EUR' } },
  'a malformed app token': { answer: '400 Invalid app token', change: { app_token: 'ABC' } },
  'no app token': { answer: '400 Invalid app token', change: { app_token: undefined } },
  'a parameter name in the wrong case': {
    answer: '400 Invalid app token',
    change: { app_token: undefined, App_Token: APP },
  },
  'an unknown app': { answer: '404 App token not found', world: { any_app: false } },
  'no event token': { answer: '400 Invalid event token', change: { event_token: undefined } },
  'an event token that is not listed': {
    answer: '400 Invalid event token',
    world: app({ any_event_token: false, event_tokens: { other1: {} } }),
  },
  'an inactive app': { answer: '403 App is inactive', world: app({ status: 'inactive' }) },
  'an app without tracking': { answer: '403 Tracking disabled', world: app({ status: 'tracking_disabled' }) },
  'an event token without tracking': {
    answer: '403 Tracking disabled',
    world: app({ event_tokens: { abc123: { status: 'tracking_disabled' } } }),
  },
  'a blocklisted event token': {
    answer: '403 Event token blocklisted',
    world: app({ event_tokens: { abc123: { status: 'blocklisted' } } }),
  },
  'a blacklisted event token': {
    answer: '403 Event token blacklisted',
    world: {
      ...app({ event_tokens: { abc123: { status: 'blocklisted' } } }),
      answers: { blocklist_spelling: 'blacklisted' },
    },
  },
  'no identifier': { answer: '404 Device not found', change: { gps_adid: undefined } },
  'an all-zero identifier': {
    answer: '404 Device not found',
    change: { gps_adid: '00000000-0000-0000-0000-000000000000' },
  },
  'an external_device_id alone': {
    answer: '404 Device not found',
    change: { gps_adid: undefined, external_device_id: 'customer-1' },
  },
  'an unknown device': {
    answer: '404 Device not found',
    world: { devices: { [GPS_ADID]: { known: false } } },
  },
  'a device that opted out': {
    answer: '451 Device is opted out',
    world: { devices: { [GPS_ADID.toUpperCase()]: { opted_out: true } } },
  },
  'a body of more than 1 MB': {
    answer: '413 Request size too large',
    change: { user_agent: 'x'.repeat(1_000_000) },
  },
  'a URL of more than 1 MB': {
    answer: '413 Request size too large',
    change: { user_agent: 'x'.repeat(1_000_000) },
    options: { style: 'get' },
  },
  'no s2s parameter': { answer: '400 Parameter s2s=1 missing', change: { s2s: undefined } },
  'an endpoint that does not exist': { answer: '404 Endpoint not found', options: { path: '/events' } },
  'a session where sessions are not enabled': {
    answer: '403 Sessions are not enabled for this app',
    world: app({ session_enabled: false }),
    options: { path: '/session' },
  },
  'ad revenue without a source': {
    answer: '400 Invalid ad revenue parameters',
    change: { revenue: '1', currency: 'EUR', ad_impressions_count: '3' },
    options: { path: '/ad_revenue' },
  },
  'ad revenue without impressions': {
    answer: '400 Invalid ad revenue parameters',
    change: { revenue: '1', currency: 'EUR', source: 'publisher' },
    options: { path: '/ad_revenue' },
  },
  'ad revenue without revenue': {
    answer: '400 Invalid revenue',
    change: { source: 'publisher', ad_impressions_count: '3' },
    options: { path: '/ad_revenue' },
  },
}

describe('a refused event', () => {
  it.each(Object.entries(REFUSALS))('%s: documented JSON error, not counted', async (_what, refusal) => {
    const { answer, world = {}, change = {}, options = {} } = refusal
    const simulator = await start({ world })
    const reply = await send(simulator, event(change), options)
    const message = answer.slice(4)
    expect(reply.status).toBe(Number(answer.slice(0, 3)))
    expect(reply.contentType).toBe('application/json')
    expect(JSON.parse(reply.body)).toEqual({ error: `Event request failed (${message})` })
    expect(simulator.truth()).toMatchObject([{ counted: false, answer: { message } }])
  })

  it('for a method other than GET and POST gets 405', async () => {
    const simulator = await start()
    const response = await fetch(`${simulator.url}/event`, { method: 'PUT' })
    expect(response.status).toBe(405)
    expect(simulator.truth()).toMatchObject([{ method: 'PUT', counted: false }])
  })

  it.each(['0.001', '100000000000', '12.50'])('does not include revenue of %s', async (revenue) => {
    const simulator = await start()
    expect(await answerTo(simulator, event({ revenue, currency: 'EUR' }))).toBe('200 OK')
  })
})

describe('other endpoints', () => {
  it('take ad revenue and sessions without an event token', async () => {
    const simulator = await start()
    const adRevenue = { revenue: '0.02', currency: 'USD', source: 'publisher', ad_impressions_count: '1' }
    const parameters = event({ ...adRevenue, event_token: undefined })
    expect(await answerTo(simulator, parameters, { path: '/ad_revenue' })).toBe('200 OK')
    expect(await answerTo(simulator, event({ event_token: undefined }), { path: '/session' })).toBe('200 OK')
  })
})

describe('a unique event token', () => {
  const world = app({ event_tokens: { abc123: { unique: true } } })

  it('counts once per device', async () => {
    const simulator = await start({ world })
    expect(await answerTo(simulator, event())).toBe('200 OK')
    expect(await answerTo(simulator, event())).toBe('400 Ignoring event, earlier unique event tracked')
    expect(await answerTo(simulator, event({ gps_adid: GPS_ADID.replace('3', '4') }))).toBe('200 OK')
    expect(simulator.summary().counted).toBe(2)
  })
})

describe('authentication', () => {
  const secured = (security: 'off' | 'active') => app({ secret: 's3cret', security })

  it.each([
    ['a missing token', undefined, '202 Missing authentication token'],
    ['a wrong token', 'other', '202 Wrong authentication token'],
    ['the right token', 's3cret', '200 OK'],
  ])('before it is activated: %s is counted', async (_what, bearer, answer) => {
    const simulator = await start({ world: secured('off') })
    expect(await answerTo(simulator, event(), bearer ? { bearer } : {})).toBe(answer)
    expect(simulator.summary().counted).toBe(1)
  })

  it.each([
    ['a missing token', undefined, '401 Failed to authorize request', 0],
    ['a wrong token', 'other', '401 Failed to authorize request', 0],
    ['the right token', 's3cret', '200 OK', 1],
  ])('once it is activated: %s', async (_what, bearer, answer, counted) => {
    const simulator = await start({ world: secured('active') })
    expect(await answerTo(simulator, event(), bearer ? { bearer } : {})).toBe(answer)
    expect(simulator.summary().counted).toBe(counted)
  })

  it('is not asked for by an app without a secret', async () => {
    const simulator = await start({ world: app({ security: 'active' }) })
    expect(await answerTo(simulator, event())).toBe('200 OK')
  })

  it('does not turn a refused event into a 202', async () => {
    const simulator = await start({ world: secured('off') })
    expect(await answerTo(simulator, event({ revenue: '-1' }))).toBe('400 Invalid revenue')
  })

  it('can be activated while the simulator runs', async () => {
    const simulator = await start({ world: secured('off') })
    await send(simulator, event())
    simulator.setWorld(secured('active'))
    expect(await answerTo(simulator, event())).toBe('401 Failed to authorize request')
  })
})

describe('variants of an answer', () => {
  const refused = event({ revenue: '-1' })

  it('carry more text in the brackets', async () => {
    const simulator = await start({ world: { answers: { extra_text: '[revenue=-1]' } } })
    const { body } = await send(simulator, refused)
    expect(JSON.parse(body)).toEqual({ error: 'Event request failed (Invalid revenue [revenue=-1])' })
  })

  it('carry the JSON error as plain text', async () => {
    const simulator = await start({ world: { answers: { failure: 'json_as_text' } } })
    const reply = await send(simulator, refused)
    expect(reply.contentType).toMatch(/^text\/plain/)
    expect(JSON.parse(reply.body)).toEqual({ error: 'Event request failed (Invalid revenue)' })
  })

  it('carry the message alone', async () => {
    const simulator = await start({ world: { answers: { failure: 'text' } } })
    expect((await send(simulator, refused)).body).toBe('Event request failed (Invalid revenue)')
  })

  it('carry another status for the same message', async () => {
    const simulator = await start({ world: { answers: { statuses: { 'Invalid revenue': 422 } } } })
    expect(await answerTo(simulator, refused)).toBe('422 Invalid revenue')
  })
})
