import { describe, expect, it } from 'vitest'
import { daysAgo, manyPurchases, minutesAgo, openShop, purchase, uuid } from './shop.ts'

/** A wait that a machine wrote whose clock is an hour ahead. */
const DEFERRED_AHEAD = `
  INSERT INTO s2s_audit (audit_id, run_id, transaction_id, status, reason, attempt, app_token, event_token, device_names, occurred_at, settled_at, warnings)
  SELECT 'ahead/1', 'ahead', transaction_id, 'deferred', 'run_stopped', 0, app_token, event_token, [], occurred_at, now() + INTERVAL 1 HOUR, []
  FROM purchases`

describe('what earlier runs left', () => {
  it('is read by the requests that were made and not by the clocks of the machines that made them', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    await shop.sql(DEFERRED_AHEAD)
    for (const delivered of [1, 0, 0]) {
      const { summary } = await shop.run(0)
      expect(summary.counts.delivered).toBe(delivered)
    }
    expect(shop.adjust.summary()).toMatchObject({ requests: 1, countedTwice: [] })
  })

  it('stays delivered when a --resend all was stopped before it came to it', async () => {
    const shop = await openShop({ purchases: manyPurchases(200, 200), delivery: { concurrency: 4 } })
    await shop.run(0)
    shop.adjust.setFaults({ latency_ms: 100 })
    const [from, to] = [daysAgo(2), minutesAgo(0)]
    const again = ['--resend', 'all', '--from', from, '--to', to, '--confirm', `${from}/${to}`]
    const { child, ended } = await shop.start('run', '--json', ...again)
    await shop.untilAdjustHas(210)
    child.kill('SIGINT')
    expect((await ended).code).toBe(75)
    const sent = shop.adjust.truth().length
    expect(await shop.statusCounts()).toEqual({ delivered: 200 })
    const { summary } = await shop.run(0)
    expect(summary.counts.read).toBe(0)
    expect(shop.adjust.truth()).toHaveLength(sent)
  })

  it('stays delivered when it is sent again and has become too old', async () => {
    const old = [purchase('old', { occurred_at: daysAgo(2.5) })]
    const shop = await openShop({ purchases: old, delivery: { max_age_days: 7 } })
    await shop.run(0)
    await shop.configure({ delivery: { max_age_days: 2, device_not_found_retry_days: 1 } })
    const [from, to] = [daysAgo(5), minutesAgo(0)]
    const { summary } = await shop.run(
      0,
      '--resend',
      'all',
      '--from',
      from,
      '--to',
      to,
      '--confirm',
      `${from}/${to}`,
    )
    expect(summary.counts.expired).toBe(1)
    expect(await shop.outcomes()).toEqual({ old: 'delivered ok' })
  })

  it('is looked at again when the age limit has passed it: a doubt ends', async () => {
    const shop = await openShop({
      purchases: [purchase('t1', { occurred_at: daysAgo(2.5) })],
      faults: { garbage_body: 1 },
      delivery: { max_age_days: 7 },
    })
    await shop.run(0)
    await shop.configure({ delivery: { max_age_days: 2, device_not_found_retry_days: 1 } })
    expect((await shop.run(0)).summary.counts.in_doubt).toBe(1)
    await shop.sql('UPDATE s2s_audit SET settled_at = settled_at - INTERVAL 2 DAY')
    expect((await shop.run(0)).summary.counts.abandoned).toBe(1)
    expect((await shop.run(0)).summary.counts.read).toBe(0)
  })
})

describe('a device that has opted out', () => {
  it('is told to Adjust once, and its other events of the same run are suppressed', async () => {
    const device = { gps_adid: uuid(1) }
    const purchases = Array.from({ length: 20 }, (_, i) =>
      purchase(`t${i}`, { ...device, occurred_at: minutesAgo(100 - i) }),
    )
    const shop = await openShop({ purchases, world: { devices: { [uuid(1)]: { opted_out: true } } } })
    const { summary } = await shop.run(0)
    expect(summary.counts).toMatchObject({ read: 20, rejected: 1, suppressed: 19 })
    expect(shop.adjust.truth()).toHaveLength(1)
  })
})

describe('two rows with one transaction_id', () => {
  it('are told apart by their time: one without any does not shadow the one that can be sent', async () => {
    const shop = await openShop({ purchases: [purchase('t1', { occurred_at: null }), purchase('t1')] })
    const { summary } = await shop.run(0)
    expect(summary.counts).toMatchObject({ read: 2, delivered: 1, duplicate: 1 })
  })
})

describe('a window that steps over work', () => {
  it('is warned of in plan and run, for the rows before it become late', async () => {
    const device = { gps_adid: uuid(1) }
    const [early, later] = [minutesAgo(180), minutesAgo(60)]
    const shop = await openShop({
      purchases: [
        purchase('a', { ...device, occurred_at: early }),
        purchase('b', { ...device, occurred_at: later }),
      ],
    })
    const plan = await shop.command('plan', '--from', minutesAgo(100))
    expect(plan.stdout).toContain('Rows before --from are not settled yet')
    const run = await shop.run(0, '--from', minutesAgo(100))
    expect(run.stderr).toContain('Rows before --from are not settled yet')
    expect((await shop.run(0)).summary.counts.late).toBe(1)
    expect((await shop.run(0, '--from', minutesAgo(100))).stderr).not.toContain('Rows before --from')
  })
})
