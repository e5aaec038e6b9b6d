import { describe, expect, it } from 'vitest'
import { APP, encode, event, GPS_ADID, IDFA, type SendOptions, send, start } from './sending.ts'

type Case = [code: string, change: Record<string, string | undefined>, options?: SendOptions]

const CASES: Case[] = [
  ['all_zero_id', { idfa: '00000000-0000-0000-0000-000000000000' }],
  ['all_zero_id', { android_id: '0000000000000000' }],
  ['wrong_case_id', { idfa: IDFA.toLowerCase() }],
  ['wrong_case_id', { gps_adid: GPS_ADID.toUpperCase() }],
  ['malformed_id', { android_id: '3f2b-1c4d' }],
  ['malformed_id', { gps_adid: 'unknown' }],
  ['ipv6_address', { ip_address: '2001:db8::1' }],
  ['environment_missing', { environment: undefined }],
  ['environment_unknown', { environment: 'test' }],
  ['created_at_missing', { created_at: undefined }],
  ['created_at_unreadable', { created_at: 'yesterday' }],
  ['created_at_twice', { created_at_unix: '1700000000' }],
  ['double_encoded', { app_token: APP, currency: '%45UR' }],
  ['double_encoded', { callback_params: '%7B%22a%22%3A%22b%22%7D' }],
  ['parameter_name_case', { Event_Token: 'abc123' }],
  ['secret_in_url', { auth_token: 'x' }, { style: 'get' }],
  ['secret_in_url', { external_device_id: 's3cret' }, { style: 'post_url' }],
  ['secret_in_body', { external_device_id: 's3cret' }],
]

describe('the truth log flags', () => {
  it.each(CASES)('%s in %j', async (code, change, options = {}) => {
    const simulator = await start({ world: { apps: { [APP]: { secret: 's3cret' } } } })
    await send(simulator, event(change), { bearer: 's3cret', ...options })
    expect(simulator.truth()).toMatchObject([{ violations: [code] }])
  })

  it('a parameter that comes twice', async () => {
    const simulator = await start()
    await send(simulator, `${encode(event())}&s2s=1`)
    expect(simulator.truth()).toMatchObject([{ violations: ['duplicate_parameter'], counted: true }])
  })

  it('percent signs that encode nothing', async () => {
    const simulator = await start()
    await send(simulator, `${encode(event())}&user_agent=50%25%zz`)
    expect(simulator.truth()).toMatchObject([{ violations: ['malformed_encoding'], counted: true }])
  })

  it('parameters both in the URL and in the body', async () => {
    const simulator = await start()
    await send(simulator, event(), { path: '/event?s2s=1&user_agent=a' })
    expect(simulator.summary().violations).toEqual({ duplicate_parameter: 1, parameters_in_url_and_body: 1 })
  })

  it('nothing in a careful request', async () => {
    const simulator = await start({ world: { apps: { [APP]: { secret: 's3cret' } } } })
    const careful = event({
      idfa: IDFA,
      idfv: IDFA,
      android_id: '3f2b1c4d00004000',
      adid: '0123456789abcdef0123456789abcdef',
      ip_address: '192.0.2.1',
      user_agent: '100%25 %41',
      revenue: '1',
      currency: 'EUR',
      callback_params: '{"transaction_id":"%7B%41 + &","secret":"no"}',
    })
    await send(simulator, careful, { bearer: 's3cret' })
    expect(simulator.truth()).toMatchObject([{ violations: [], counted: true }])
  })
})
