import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { runCli } from '../cli/cli-process.ts'
import { APP, daysAgo, manyPurchases, minutesAgo, OTHER_APP, openShop, purchase, uuid } from './shop.ts'

describe('a run', () => {
  it('delivers everything once and in order, adds up, and leaves nothing for the next run', async () => {
    const shop = await openShop({ purchases: manyPurchases(300, 40) })
    const first = await shop.run(0)
    const clean = { requests: 300, counted: 300, countedTwice: [], outOfOrder: [], violations: {} }
    expect(shop.adjust.summary()).toMatchObject(clean)
    const { read, delivered, ...others } = first.summary.counts
    expect({ read, delivered }).toEqual({ read: 300, delivered: 300 })
    expect(Object.values(others).every((count) => count === 0)).toBe(true)
    expect(await shop.statusCounts()).toEqual({ delivered: 300 })

    const second = await shop.run(0)
    expect(second.summary.counts.read).toBe(0)
    expect(shop.adjust.truth()).toHaveLength(300)
  })

  it('goes from an empty folder over init and plan to a summary that a person can read', async () => {
    const shop = await openShop({ tables: false, purchases: manyPurchases(5, 5) })
    const entry = 'bin/adjust-s2s.js'
    const init = await runCli(['init'], { cwd: shop.folder, entry })
    expect(init).toMatchObject({ code: 0 })
    expect(init.stdout).toMatch(/created +table +s2s_audit/)
    expect(init.stderr).toContain('Next: npx adjust-s2s plan')
    const plan = await runCli(['plan'], { cwd: shop.folder, entry })
    expect(plan).toMatchObject({ code: 0 })
    expect(plan.stdout).toMatch(/to send +5/)
    const run = await runCli(['run'], { cwd: shop.folder, entry })
    expect(run).toMatchObject({ code: 0 })
    expect(run.stdout).toMatch(/delivered +5 +ok: Adjust answered OK\./)
    expect(run.stdout).toContain('Every row is accounted for: 5 read = 5 settled.')
  })

  it('prints with --json exactly the keys of its contract, and nothing else on standard output', async () => {
    const shop = await openShop({ purchases: [purchase('one')] })
    const { summary, stdout } = await shop.run(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(Object.keys(summary)).toEqual([
      'run_id',
      'window',
      'counts',
      'reasons',
      'requests',
      'retries',
      'duration_s',
      'rate_per_s',
      'bytes_billed',
      'recovered',
      'stopped',
      'last_failure',
      'refused',
      'read_to_end',
      'exit_code',
    ])
    expect(Object.keys(summary.counts)).toEqual([
      'read',
      'delivered',
      'duplicate',
      'rejected',
      'invalid',
      'expired',
      'late',
      'suppressed',
      'abandoned',
      'in_doubt',
      'deferred',
    ])
    expect(summary).toMatchObject({
      reasons: [{ status: 'delivered', reason: 'ok', count: 1 }],
      requests: 1,
      retries: 0,
      bytes_billed: null,
      recovered: 0,
      stopped: null,
      refused: [],
      read_to_end: true,
    })
  })

  it('keeps identifiers, addresses and tokens out of everything that it prints', async () => {
    const [idfa, address, secret] = [uuid(77).toUpperCase(), '203.0.113.77', 'very-secret-token-1']
    const shop = await openShop({
      purchases: [purchase('one', { idfa, gps_adid: uuid(78), ip_address: address })],
      env: { ADJUST_S2S_TOKEN: secret, ADJUST_S2S_LOG_LEVEL: 'debug' },
    })
    const results = [await shop.command('plan'), await shop.command('run')]
    expect(shop.counted()).toEqual(['one'])
    for (const { stdout, stderr } of results) {
      for (const hidden of [idfa, uuid(78), address, secret]) expect(stdout + stderr).not.toContain(hidden)
    }
  })
})

describe('what a run covers', () => {
  it('is the window of --from and --to alone; the next full run sends just the rest', async () => {
    const shop = await openShop({
      purchases: [
        purchase('before', { occurred_at: '2020-01-01T00:00:00Z' }),
        ...[5, 4, 3, 2].map((days) => purchase(`d${days}`, { occurred_at: daysAgo(days) })),
      ],
    })
    const [from, to] = [daysAgo(4.5), daysAgo(2.5)]
    const part = await shop.run(0, '--from', from, '--to', to)
    expect(part.summary.window).toEqual({ from, to })
    expect(shop.counted()).toEqual(['d4', 'd3'])
    await shop.run(0)
    expect(shop.counted()).toEqual(['d4', 'd3', 'd5', 'd2'])
  })

  it('begins with --from and ends before --to', async () => {
    const [first, last] = [daysAgo(3), daysAgo(2)]
    const shop = await openShop({
      purchases: [purchase('first', { occurred_at: first }), purchase('last', { occurred_at: last })],
    })
    await shop.run(0, '--from', first, '--to', last)
    expect(shop.counted()).toEqual(['first'])
  })

  it('can be one app, one event token, or so many rows', async () => {
    const shop = await openShop({
      purchases: [
        purchase('a', { occurred_at: minutesAgo(124) }),
        purchase('b', { occurred_at: minutesAgo(123), event_token: 'def456' }),
        purchase('c', { occurred_at: minutesAgo(122), app_token: OTHER_APP }),
        purchase('d', { occurred_at: minutesAgo(121) }),
      ],
    })
    await shop.run(0, '--app', OTHER_APP)
    expect(shop.counted()).toEqual(['c'])
    await shop.run(0, '--event', 'def456')
    expect(shop.counted()).toEqual(['c', 'b'])
    await shop.run(0, '--limit', '1')
    expect(shop.counted()).toEqual(['c', 'b', 'a'])
  })

  it('leaves out the newest rows until the settle time has passed', async () => {
    const purchases = [16, 14].map((minutes) => purchase(`m${minutes}`, { occurred_at: minutesAgo(minutes) }))
    const shop = await openShop({ purchases })
    expect((await shop.run(0)).summary.counts.read).toBe(1)
    expect(shop.counted()).toEqual(['m16'])
    await shop.configure({ delivery: { settle_minutes: 0 } })
    await shop.run(0)
    expect(shop.counted()).toEqual(['m16', 'm14'])
  })

  it('reaches back to what has aged out since the last full run, and settles it as expired', async () => {
    const shop = await openShop({
      purchases: [purchase('old', { occurred_at: daysAgo(40), gps_adid: uuid(1) })],
      world: { devices: { [uuid(1)]: { known: false } } },
    })
    await shop.run(0)
    expect(await shop.outcomes()).toEqual({ old: 'deferred device_not_found' })
    await shop.configure({ delivery: { max_age_days: 30 } })
    await shop.run(0)
    expect(await shop.outcomes()).toEqual({ old: 'expired too_old' })
    expect(shop.adjust.truth()).toHaveLength(1)
  })

  it.each([
    ['plan', []],
    ['run', ['--dry-run']],
  ])('is only looked at by %s %j: no file changes, no request arrives', async (command, flags) => {
    const shop = await openShop({
      purchases: [...manyPurchases(6, 3), purchase('bad', { revenue: '-1.000' })],
    })
    const before = await contents(shop.folder)
    const { code, stdout } = await shop.command(command, '--json', ...flags)
    expect(code).toBe(0)
    expect(JSON.parse(stdout).counts).toMatchObject({ read: 7, delivered: 6, invalid: 1 })
    expect(await contents(shop.folder)).toEqual(before)
    expect(shop.adjust.truth()).toEqual([])
  })
})

/** SHA-256 of every file under a folder. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`)
  const hash = async (path: string) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  return Object.fromEntries(await Promise.all(paths.sort().map(async (path) => [path, await hash(path)])))
}

describe('sending again', () => {
  it('takes with --resend failed the rejected and invalid rows alone', async () => {
    const shop = await openShop({
      purchases: [
        purchase('good', { gps_adid: uuid(1) }),
        purchase('early', { gps_adid: uuid(2) }),
        purchase('unpriced', { currency: null }),
      ],
      world: { devices: { [uuid(2)]: { installed_at: minutesAgo(1) } } },
    })
    await shop.run(0)
    expect(await shop.outcomes()).toEqual({
      good: 'delivered ok',
      early: 'rejected bad_event_state',
      unpriced: 'invalid currency_missing',
    })
    shop.adjust.setWorld({})
    await shop.sql("UPDATE purchases SET currency = 'EUR'")
    expect((await shop.run(0)).summary.counts.read).toBe(0)
    await shop.run(0, '--resend', 'failed')
    expect(new Set(shop.counted())).toEqual(new Set(['good', 'early', 'unpriced']))
    expect(await shop.statusCounts()).toEqual({ delivered: 3 })
    expect((await shop.run(0, '--resend', 'failed')).summary.counts.read).toBe(0)
  })

  it('takes with --resend all what is delivered, only after the window was named twice', async () => {
    const shop = await openShop({ purchases: [purchase('one')] })
    await shop.run(0)
    const window = ['--from', daysAgo(2), '--to', minutesAgo(1)]
    const unconfirmed = await shop.command('run', '--resend', 'all', ...window)
    expect(unconfirmed.code).toBe(2)
    const confirm = /--confirm "(.*)"/.exec(unconfirmed.stderr)![1]!
    expect(shop.counted()).toEqual(['one'])
    await shop.run(0, '--resend', 'all', ...window, '--confirm', confirm)
    expect(shop.counted()).toEqual(['one', 'one'])
    expect((await shop.audit()).one).toMatchObject({ status: 'delivered', attempt: 2 })
  })
})

describe('events that Adjust refuses', () => {
  it('end with exit code 3 when there are more of them than --max-rejected allows', async () => {
    const purchases = [1, 2, 3, 4].map((number) => purchase(`p${number}`, { gps_adid: uuid(number) }))
    const installed = { installed_at: minutesAgo(1) }
    const world = { devices: { [uuid(1)]: installed, [uuid(2)]: installed } }
    const shop = await openShop({ purchases, world })
    const first = await shop.command('run', '--max-rejected', '1')
    expect(first.code).toBe(3)
    expect(first.stdout).toContain('adjust-s2s run --resend failed')
    // The two bad ones alone are read again: two of two.
    await shop.run(0, '--resend', 'failed', '--max-rejected', '2')
    await shop.run(3, '--resend', 'failed', '--max-rejected', '50%')
  })

  it('stop the run with exit code 4 when it is the credentials (401), and nothing is lost', async () => {
    const world = { apps: { [APP]: { secret: 'right', security: 'active' as const } } }
    const shop = await openShop({
      purchases: manyPurchases(20, 5),
      world,
      env: { ADJUST_S2S_TOKEN: 'wrong' },
    })
    const { stdout } = await shop.run(4)
    expect(JSON.parse(stdout)).toMatchObject({
      stopped: 'credentials_refused',
      counts: { read: 20, deferred: 20 },
    })
    expect(shop.adjust.truth()).toHaveLength(1)
    const again = await runCli(['run', '--json'], { cwd: shop.folder, env: { ADJUST_S2S_TOKEN: 'right' } })
    expect(again.code).toBe(0)
    expect(shop.adjust.summary()).toMatchObject({ counted: 20, countedTwice: [], outOfOrder: [] })
  })

  it('are not those that a 202 is about: they count, but the run stops unless it is allowed', async () => {
    const world = { apps: { [APP]: { secret: 'right', security: 'off' as const } } }
    const shop = await openShop({ purchases: manyPurchases(20, 5), world })
    const stopped = await shop.run(4)
    expect(stopped.summary.counts).toMatchObject({ read: 20, delivered: 1, deferred: 19 })
    expect(shop.counted()).toHaveLength(1)
    await shop.configure({ adjust: { unauthenticated: 'allow' } })
    await shop.run(0)
    expect(shop.adjust.summary()).toMatchObject({ counted: 20, countedTwice: [], outOfOrder: [] })
    const entries = Object.values(await shop.audit())
    expect(entries.every(({ reason }) => reason === 'ok_unauthenticated')).toBe(true)
    expect(entries.every(({ warnings }) => warnings.includes('unauthenticated'))).toBe(true)
  })

  it('stop their app and no other when the app is the fault', async () => {
    const purchases = manyPurchases(40, 10).map((row, index) => ({
      ...row,
      app_token: index % 2 === 0 ? APP : OTHER_APP,
    }))
    const shop = await openShop({ purchases, world: { any_app: false, apps: { [APP]: {} } } })
    const { summary } = await shop.run(4)
    expect(summary.refused).toEqual([{ name: OTHER_APP, reason: 'app_stopped' }])
    expect(summary.counts).toMatchObject({ read: 40, delivered: 20, deferred: 20 })
    const truth = shop.adjust.truth()
    expect(truth.filter(({ appToken }) => appToken === OTHER_APP)).toHaveLength(1)
    shop.adjust.setWorld({})
    await shop.run(0)
    expect(shop.adjust.summary()).toMatchObject({ counted: 40, countedTwice: [], outOfOrder: [] })
  })

  it('burn exactly one event when the event token is wrong', async () => {
    const purchases = manyPurchases(60, 60).map((row, index) => ({
      ...row,
      event_token: index % 2 === 0 ? 'abc123' : 'wrong1',
    }))
    const world = { apps: { [APP]: { any_event_token: false, event_tokens: { abc123: {} } } } }
    const shop = await openShop({ purchases, world })
    const { summary } = await shop.run(4)
    expect(summary.refused).toEqual([{ name: `${APP}/wrong1`, reason: 'token_stopped' }])
    expect(summary.counts).toMatchObject({ read: 60, delivered: 30, rejected: 1, deferred: 29 })
    expect(shop.adjust.truth().filter(({ eventToken }) => eventToken === 'wrong1')).toHaveLength(1)
  })

  it('hold back the later events of a device that Adjust does not know yet', async () => {
    const purchases = ['a', 'b'].map((id, index) =>
      purchase(id, { gps_adid: uuid(1), occurred_at: minutesAgo(120 - index) }),
    )
    const world = { devices: { [uuid(1)]: { known: { after_requests: 1 } } } }
    const shop = await openShop({ purchases, world })
    await shop.run(0)
    expect(await shop.audit()).toMatchObject({
      a: { status: 'deferred', reason: 'device_not_found' },
      b: { status: 'deferred', reason: 'waits_for_earlier', message: 'a' },
    })
    await shop.run(0)
    expect(shop.counted()).toEqual(['a', 'b'])
  })

  it('suppress the later events of a device that has opted out', async () => {
    const shop = await openShop({
      purchases: [purchase('a', { gps_adid: uuid(1), occurred_at: minutesAgo(130) })],
      world: { devices: { [uuid(1)]: { opted_out: true } } },
    })
    await shop.run(0)
    await shop.sell([purchase('b', { gps_adid: uuid(1) })])
    await shop.run(0)
    expect(await shop.outcomes()).toEqual({
      a: 'rejected device_opted_out',
      b: 'suppressed device_opted_out_before',
    })
    expect(shop.adjust.truth()).toHaveLength(1)
  })
})

describe('a row that comes after a later event of its device was delivered', () => {
  it('is late and stays unsent; delivery.late: send tries, and Adjust refuses it', async () => {
    const device = { gps_adid: uuid(1) }
    const shop = await openShop({ purchases: [purchase('noon', device)] })
    await shop.run(0)
    await shop.sell([
      purchase('morning', { ...device, occurred_at: minutesAgo(240) }),
      purchase('other token', {
        ...device,
        occurred_at: minutesAgo(241),
        event_token: 'def456',
        revenue: null,
      }),
    ])
    await shop.run(0)
    expect(await shop.outcomes()).toEqual({
      noon: 'delivered ok',
      morning: 'late later_event_delivered',
      'other token': 'delivered ok',
    })
    await shop.sell([purchase('dawn', { ...device, occurred_at: minutesAgo(360) })])
    await shop.configure({ delivery: { late: 'send' } })
    await shop.run(0)
    expect((await shop.outcomes()).dawn).toBe('rejected bad_event_state')
  })
})

describe('what Adjust receives', () => {
  it('goes to the endpoint of its kind', async () => {
    const impressions = JSON.stringify({ ad_impressions_count: 12 })
    const shop = await openShop({
      purchases: [
        purchase('e'),
        purchase('a', { kind: 'ad_revenue', event_token: null, parameters: impressions }),
        purchase('s', { kind: 'session', event_token: null, revenue: null }),
      ],
    })
    await shop.run(0)
    const endpoints = shop.adjust.truth().map(({ transactionId, path }) => [transactionId, path])
    expect(Object.fromEntries(endpoints)).toEqual({ e: '/event', a: '/ad_revenue', s: '/session' })
    expect(shop.adjust.summary()).toMatchObject({ counted: 3, violations: {} })
  })

  it.each([
    ['post_body', 'created_at', 'POST', 1],
    ['post_url', 'created_at_unix_s', 'POST', 1000],
    ['get', 'created_at_unix_ms', 'GET', 1],
  ])('says the same by %s with %s', async (request_style, timestamp, method, precisionMs) => {
    const occurredAt = minutesAgo(120)
    const shop = await openShop({
      purchases: [purchase('one', { occurred_at: occurredAt, revenue: '11.770' })],
      adjust: { request_style, timestamp },
    })
    await shop.run(0)
    const atMs = Math.floor(Date.parse(occurredAt) / precisionMs) * precisionMs
    const expected = { method, counted: true, createdAtMs: atMs, revenue: '11.77', transactionId: 'one' }
    expect(shop.adjust.truth()).toMatchObject([{ ...expected, createdAtReplaced: false, violations: [] }])
  })

  it('equals what the row held, whatever characters that is', async () => {
    const odd = 'a+b & c=d % %41 "q" \\ ü 😀\r\n\t end'
    const id = 'id+&=%25 😀'
    const shop = await openShop({
      purchases: [
        purchase(id, {
          user_agent: odd,
          callback_params: JSON.stringify({ [odd]: odd, number: 1.1, yes: true, nothing: null }),
          partner_params: '{"big": 12345678901234567890, "price": 1.10, "lone": "x\\ud800y"}',
          parameters: JSON.stringify({ device_name: odd }),
        }),
      ],
    })
    await shop.run(0)
    const { parameters, transactionId } = shop.adjust.truth()[0]!
    expect(transactionId).toBe(id)
    expect(parameters).toMatchObject({ user_agent: odd, device_name: odd })
    const expected = { transaction_id: id, [odd]: odd, number: '1.1', yes: 'true' }
    expect(JSON.parse(parameters!.callback_params!)).toEqual(expected)
    // Half of a pair is no character, and no encoding has bytes for it.
    const partner = { big: '12345678901234567890', price: '1.10', lone: 'x\ufffdy' }
    expect(JSON.parse(parameters!.partner_params!)).toEqual(partner)
    expect((await shop.audit())[id]!.warnings).toContain('text_not_well_formed')
  })
})
