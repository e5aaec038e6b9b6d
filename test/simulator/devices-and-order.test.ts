import { describe, expect, it } from 'vitest'
import {
  APP,
  answerTo,
  createdAt,
  daysAgo,
  event,
  GPS_ADID,
  IDFA,
  movableClock,
  send,
  start,
} from './sending.ts'

const ADID = '0123456789abcdef0123456789abcdef'
const purchase = { revenue: '9.99', currency: 'EUR' }
const BAD_STATE = '400 Bad event state'

describe('order', () => {
  it('refuses an event created before one of the same device and token', async () => {
    const simulator = await start()
    await send(simulator, event({}, 10))
    expect(await answerTo(simulator, event({}, 11))).toBe(BAD_STATE)
    expect(await answerTo(simulator, event({}, 9))).toBe('200 OK')
  })

  it('takes an event with an equal time', async () => {
    const simulator = await start()
    const parameters = event()
    await send(simulator, parameters)
    expect(await answerTo(simulator, parameters)).toBe('200 OK')
  })

  it('does not hold between event tokens without revenue, apps, or devices', async () => {
    const simulator = await start()
    await send(simulator, event({}, 10))
    expect(await answerTo(simulator, event({ event_token: 'other1' }, 20))).toBe('200 OK')
    expect(await answerTo(simulator, event({ app_token: 'zyxwvutsrqpo' }, 20))).toBe('200 OK')
    expect(await answerTo(simulator, event({ gps_adid: undefined, idfa: IDFA }, 20))).toBe('200 OK')
  })

  it('holds across all event tokens with revenue', async () => {
    const simulator = await start()
    await send(simulator, event(purchase, 10))
    expect(await answerTo(simulator, event({ ...purchase, event_token: 'other1' }, 11))).toBe(BAD_STATE)
    expect(await answerTo(simulator, event({ event_token: 'other1' }, 11))).toBe('200 OK')
  })

  it('is not asked of ad revenue, and ad revenue moves no mark', async () => {
    const simulator = await start()
    const adRevenue = { ...purchase, source: 'publisher', ad_impressions_count: '1' }
    await send(simulator, event(adRevenue, 10), { path: '/ad_revenue' })
    expect(await answerTo(simulator, event(adRevenue, 20), { path: '/ad_revenue' })).toBe('200 OK')
    expect(await answerTo(simulator, event(purchase, 30))).toBe('200 OK')
  })

  it('is not moved by a refused event', async () => {
    const simulator = await start()
    await send(simulator, event({ revenue: '-1' }, 10))
    expect(await answerTo(simulator, event({}, 20))).toBe('200 OK')
  })

  it('goes by the identifiers whatever the case of their letters', async () => {
    const simulator = await start()
    await send(simulator, event({}, 10))
    expect(await answerTo(simulator, event({ gps_adid: GPS_ADID.toUpperCase() }, 11))).toBe(BAD_STATE)
  })
})

describe('identifiers in one accepted request', () => {
  it('are one device from there on', async () => {
    const simulator = await start()
    await send(simulator, event({ adid: ADID }, 30))
    await send(simulator, event({ gps_adid: undefined, adid: ADID }, 10))
    expect(await answerTo(simulator, event({}, 20))).toBe(BAD_STATE)
  })

  it('join devices that were two, with the later mark', async () => {
    const simulator = await start()
    const only = (identifiers: Record<string, string>) => ({ gps_adid: undefined, ...identifiers })
    await send(simulator, event(only({ adid: ADID }), 10))
    await send(simulator, event(only({ idfa: IDFA }), 40))
    expect(await answerTo(simulator, event({ adid: ADID, idfa: IDFA }, 20))).toBe(BAD_STATE)
    await send(simulator, event({ adid: ADID, idfa: IDFA }, 5))
    expect(await answerTo(simulator, event({}, 6))).toBe(BAD_STATE)
    expect(await answerTo(simulator, event(only({ idfa: IDFA }), 6))).toBe(BAD_STATE)
  })

  it('bring along what every event token and all revenue have seen', async () => {
    const simulator = await start()
    const phone = { gps_adid: undefined, adid: ADID, idfa: IDFA }
    await send(simulator, event(purchase, 10))
    await send(simulator, event({ ...phone, event_token: 'login1' }, 50))
    await send(simulator, event({ adid: ADID, event_token: 'login1' }, 40))
    const other = { gps_adid: undefined, idfa: IDFA }
    expect(await answerTo(simulator, event(other, 20))).toBe(BAD_STATE)
    expect(await answerTo(simulator, event({ ...other, ...purchase, event_token: 'other1' }, 20))).toBe(
      BAD_STATE,
    )
  })

  it('bring along the unique events that were counted', async () => {
    const app = { event_tokens: { unique: { unique: true } } }
    const simulator = await start({ world: { apps: { [APP]: app } } })
    const phone = { gps_adid: undefined, adid: ADID, idfa: IDFA }
    await send(simulator, event({ event_token: 'unique' }))
    await send(simulator, event(phone))
    await send(simulator, event({ adid: ADID }))
    const again = event({ gps_adid: undefined, idfa: IDFA, event_token: 'unique' })
    expect(await answerTo(simulator, again)).toBe('400 Ignoring event, earlier unique event tracked')
  })

  it('stay apart when the request is refused', async () => {
    const simulator = await start()
    await send(simulator, event({ adid: ADID, revenue: '-1' }, 30))
    await send(simulator, event({ gps_adid: undefined, adid: ADID }, 10))
    expect(await answerTo(simulator, event({}, 20))).toBe('200 OK')
  })

  it('stay apart when one of them is all zeros', async () => {
    const simulator = await start()
    const zero = '00000000-0000-0000-0000-000000000000'
    await send(simulator, event({ idfa: zero }, 10))
    const other = event({ gps_adid: undefined, adid: ADID, idfa: zero }, 20)
    expect(await answerTo(simulator, other)).toBe('200 OK')
  })
})

describe('age', () => {
  it('of more than 58 days is refused', async () => {
    const simulator = await start()
    expect(await answerTo(simulator, event({ created_at: daysAgo(58.01) }))).toBe(BAD_STATE)
    expect(await answerTo(simulator, event({ created_at: daysAgo(57.99) }))).toBe('200 OK')
  })

  it('of more than 28 days is refused for ad revenue', async () => {
    const simulator = await start()
    const adRevenue = { ...purchase, source: 'publisher', ad_impressions_count: '1' }
    const aged = (days: number) => event({ ...adRevenue, created_at: daysAgo(days) })
    expect(await answerTo(simulator, aged(28.01), { path: '/ad_revenue' })).toBe(BAD_STATE)
    expect(await answerTo(simulator, aged(27.99), { path: '/ad_revenue' })).toBe('200 OK')
  })

  it('is at least that of the install', async () => {
    const installed_at = createdAt(30).replace('+0000', 'Z')
    const simulator = await start({ world: { devices: { [GPS_ADID]: { installed_at } } } })
    expect(await answerTo(simulator, event({}, 31))).toBe(BAD_STATE)
    expect(await answerTo(simulator, event({}, 29))).toBe('200 OK')
  })
})

describe('created_at', () => {
  it.each([
    ['seconds', { created_at_unix: '1700000000' }, 1_700_000_000_000],
    ['milliseconds', { created_at_unix: '1700000000123' }, 1_700_000_000_123],
    ['a text with an offset', { created_at: '2023-11-15T00:13:20.123+0200' }, 1_700_000_000_123],
  ])('is understood in %s', async (_what, time, createdAtMs) => {
    const simulator = await start({ world: { max_age_days: 36_500 } })
    await send(simulator, event({ created_at: undefined, ...time }))
    expect(simulator.truth()).toMatchObject([{ createdAtMs, createdAtReplaced: false, counted: true }])
  })

  it.each([
    ['missing', undefined],
    ['with a Z', '2026-01-02T15:04:05.000Z'],
    ['without milliseconds', '2026-01-02T15:04:05+0000'],
    ['encoded twice', '2026-01-02T15%3A04%3A05.000%2B0000'],
    ['on a day that does not exist', '2026-02-30T15:04:05.000+0000'],
  ])('that is %s becomes the receive time and lifts the mark', async (_what, created_at) => {
    const simulator = await start()
    expect(await answerTo(simulator, event({ created_at }))).toBe('200 OK')
    const [entry] = simulator.truth()
    expect(entry).toMatchObject({
      counted: true,
      createdAtReplaced: true,
      createdAtMs: Math.floor(entry!.arrivedAtMs),
    })
    expect(await answerTo(simulator, event({}, 1))).toBe(BAD_STATE)
  })

  it('with a plus that was not encoded is not readable', async () => {
    const simulator = await start()
    await send(simulator, `s2s=1&app_token=${APP}&event_token=abc123&adid=${ADID}&created_at=${createdAt(1)}`)
    expect(simulator.truth()).toMatchObject([{ counted: true, createdAtReplaced: true }])
  })
})

describe('a device', () => {
  it('becomes known after some seconds', async () => {
    const clock = movableClock()
    const world = { devices: { [GPS_ADID]: { known: { after_seconds: 3600 } } } }
    const simulator = await start({ clock, world })
    expect(await answerTo(simulator, event())).toBe('404 Device not found')
    clock.forward(3_600_000)
    expect(await answerTo(simulator, event())).toBe('200 OK')
  })

  it('becomes known after some requests', async () => {
    const simulator = await start({ world: { devices: { [GPS_ADID]: { known: { after_requests: 2 } } } } })
    expect(await answerTo(simulator, event())).toBe('404 Device not found')
    expect(await answerTo(simulator, event())).toBe('404 Device not found')
    expect(await answerTo(simulator, event())).toBe('200 OK')
  })

  it('is known by any of its identifiers, and then by all of them', async () => {
    const simulator = await start({ world: { devices: { [GPS_ADID]: { known: false } } } })
    expect(await answerTo(simulator, event())).toBe('404 Device not found')
    expect(await answerTo(simulator, event({ adid: ADID }))).toBe('200 OK')
    expect(await answerTo(simulator, event())).toBe('200 OK')
  })

  it('is unknown unless listed when the world says so', async () => {
    const simulator = await start({ world: { any_device: false, devices: { [ADID]: {} } } })
    expect(await answerTo(simulator, event())).toBe('404 Device not found')
    expect(await answerTo(simulator, event({ adid: ADID }))).toBe('200 OK')
  })

  it('opts out later, with all of its identifiers', async () => {
    const clock = movableClock()
    const world = { devices: { [ADID]: { opted_out: { after_seconds: 60 } } } }
    const simulator = await start({ clock, world })
    expect(await answerTo(simulator, event({ adid: ADID }))).toBe('200 OK')
    clock.forward(60_000)
    expect(await answerTo(simulator, event())).toBe('451 Device is opted out')
  })

  it('opts out after some requests', async () => {
    const simulator = await start({
      world: { devices: { [GPS_ADID]: { opted_out: { after_requests: 1 } } } },
    })
    expect(await answerTo(simulator, event())).toBe('200 OK')
    expect(await answerTo(simulator, event())).toBe('451 Device is opted out')
  })
})
