import { describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { TransientError } from '../../src/domain/errors.ts'
import { rowsOf } from '../warehouse/warehouse-suite.ts'
import { type BigqueryShop, openBigqueryShop, purchasesSql } from './support/bigquery-shop.ts'
import { failure } from './support/proxied.ts'

/** The next scheduled run: by then a lease that nobody gave back has run out. */
const later = (minutes: number): Clock => ({
  ...systemClock,
  now: () => systemClock.now() + minutes * 60_000,
})

/** Half of what cron.yaml gives, for its machines are not as busy. */
const GRACE_MS = 45_000

/** Adjust has each purchase once and in order, and the audit table says so. */
async function expectDeliveredOnce({ shop, statusCounts }: BigqueryShop, purchases: number): Promise<void> {
  expect(shop.adjust.summary()).toMatchObject({
    counted: purchases,
    countedTwice: [],
    outOfOrder: [],
    violations: {},
  })
  expect(await statusCounts()).toEqual({ delivered: purchases })
}

describe('from BigQuery to Adjust', () => {
  it('init, plan, run: 70,000 purchases are delivered once and in order, and the next run sends nothing', {
    timeout: 300_000,
  }, async () => {
    const setting = await openBigqueryShop({ source: purchasesSql(70_000, 5_000), tables: false })
    const { shop, proxy, warehouse } = setting
    proxy.bytesProcessed = 3 * 2 ** 30
    const init = await shop.command('init')
    expect(init.stdout).toMatch(/created +table +s2s_audit/)
    expect((await shop.command('init')).stdout).toMatch(/existed +table +s2s_audit/)

    const plan = await shop.command('plan')
    expect(plan.stdout).toMatch(/to send +70,000/)
    expect(plan.stdout).toContain('this query will read 3 GB, about $0.02')
    expect(shop.adjust.truth()).toEqual([])

    proxy.calls.length = 0
    const first = await shop.run(0)
    expect(first.summary).toMatchObject({ requests: 70_000, counts: { read: 70_000, delivered: 70_000 } })
    expect(first.summary.bytes_billed).toBeGreaterThan(0)
    expect(first.stderr).toContain('this query will read 3 GB, about $0.02')
    await expectDeliveredOnce(setting, 70_000)
    expect(proxy.calls.some(({ call }) => call === 'readRows')).toBe(true)
    const labels = proxy.calls.find(({ call }) => call === 'submit')!.body.configuration.labels
    expect(labels).toEqual({ run_id: first.summary.run_id.toLowerCase(), command: 'run', shard: '0_1' })

    const second = await shop.run(0)
    expect(second.summary).toMatchObject({ requests: 0, counts: { read: 0 } })
    expect(shop.adjust.truth()).toHaveLength(70_000)
    const runs = await rowsOf(
      warehouse,
      "SELECT exit_code, requests, bytes_billed > 0 AS billed FROM s2s_runs WHERE event = 'ended' ORDER BY logged_at",
    )
    expect(runs).toEqual([
      { exit_code: 0, requests: 70_000, billed: true },
      { exit_code: 0, requests: 0, billed: true },
    ])
  })

  it('explains and reports from BigQuery as from a file', async () => {
    const { shop } = await openBigqueryShop({ source: purchasesSql(20, 5) })
    await shop.run(0)
    const explain = await shop.command('explain', 'p000007')
    expect(explain.stdout).toContain('delivered: Adjust answered OK.')
    const status = await shop.command('status')
    expect(status.stdout).toMatch(/20 +20 +0 +20 +0/)
  })
})

describe('a run through a bad day of BigQuery', () => {
  it('loses nothing and sends nothing twice while calls fail and answers get lost', async () => {
    const setting = await openBigqueryShop({ source: purchasesSql(9_000, 500) })
    const { proxy, shop, runSoon } = setting
    const status = { kind: 'status' as const, message: 'try again' }
    proxy.inject({ call: 'submit', fault: { ...status, status: 503, reason: 'backendError' }, skip: 1 })
    proxy.inject({ call: 'submit', fault: { ...status, status: 403, reason: 'rateLimitExceeded' }, skip: 3 })
    proxy.inject({ call: 'submit', fault: { kind: 'reset-after' }, skip: 5 })
    proxy.inject({ call: 'page', fault: { kind: 'reset-after' }, skip: 2 })
    proxy.inject({ call: 'readRows', fault: { kind: 'cut', afterMessages: 1 } })
    proxy.inject({ call: 'append', fault: { kind: 'reset-after' }, skip: 2 })
    proxy.inject({ call: 'append', fault: { kind: 'reset-after', only: 'stream' }, skip: 3 })
    proxy.inject({
      call: 'append',
      fault: { kind: 'grpc-status', code: 'UNAVAILABLE', message: 'no' },
      skip: 4,
    })
    const summary = await runSoon()
    expect(summary).toMatchObject({ exit_code: 0, counts: { read: 9_000, delivered: 9_000 } })
    await expectDeliveredOnce(setting, 9_000)
    expect(proxy.calls.filter(({ fault }) => fault !== null).length).toBeGreaterThan(6)
    expect((await runSoon()).counts.read).toBe(0)
    expect(shop.adjust.truth()).toHaveLength(9_000)
  })

  it.each([
    [
      'goes away',
      (proxy: BigqueryShop['proxy']) => proxy.down(),
      (proxy: BigqueryShop['proxy']) => proxy.up(),
    ],
    [
      'no longer takes the credentials',
      (proxy: BigqueryShop['proxy']) => proxy.expireCredentials(),
      (proxy: BigqueryShop['proxy']) => proxy.renewCredentials(),
    ],
  ])(
    'stops when BigQuery %s in the middle; the next run writes what the journal holds, then sends the rest',
    async (_, breakDown, mend) => {
      const setting = await openBigqueryShop({
        source: purchasesSql(6_000, 300),
        delivery: { requests_per_second: 1_500 },
      })
      const { proxy, shop, runSoon } = setting
      const run = failure(runSoon())
      await shop.untilAdjustHas(2_500)
      breakDown(proxy)
      const error = await run
      expect(error).toBeInstanceOf(TransientError)
      expect(error.exitCode).toBe(75)
      expect(error.message).toContain('audit table')
      const sent = shop.adjust.truth().length
      expect(sent).toBeLessThan(6_000)

      mend(proxy)
      proxy.calls.length = 0
      const summary = await runSoon(later(20))
      expect(summary.recovered).toBeGreaterThan(0)
      expect(summary.counts.delivered).toBe(6_000 - sent)
      await expectDeliveredOnce(setting, 6_000)
      const firstAppend = proxy.calls.findIndex(({ call }) => call === 'append')
      const extraction = proxy.calls.findIndex(
        ({ call, body }) =>
          call === 'submit' &&
          !body.configuration.dryRun &&
          body.configuration.query.query.includes('windowed'),
      )
      expect(firstAppend).toBeGreaterThan(-1)
      expect(firstAppend).toBeLessThan(extraction)
    },
  )

  it('that is told to end while BigQuery is away ends with 75 before it is killed, and the next one loses nothing', async () => {
    const setting = await openBigqueryShop({
      source: purchasesSql(6_000, 300),
      delivery: { requests_per_second: 1_500 },
    })
    const { proxy, shop, runSoon } = setting
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(2_500)
    proxy.down()
    child.kill('SIGTERM')
    // What Kubernetes does when the grace period of cron.yaml is over.
    const cancelKill = systemClock.after(GRACE_MS, () => child.kill('SIGKILL'))
    expect((await ended).code).toBe(75)
    cancelKill()
    proxy.up()
    expect((await runSoon(later(20))).recovered).toBeGreaterThan(0)
    await expectDeliveredOnce(setting, 6_000)
  })

  it('does not begin while another run holds the lease, and says which', async () => {
    const setting = await openBigqueryShop({
      source: purchasesSql(3_000, 300),
      delivery: { requests_per_second: 800 },
    })
    const { shop, runSoon } = setting
    const first = runSoon()
    await shop.untilAdjustHas(100)
    const second = await shop.command('run')
    expect(second.code, second.stderr).toBe(75)
    const { run_id: runId } = await first
    expect(second.stderr).toContain(runId)
    await expectDeliveredOnce(setting, 3_000)
  })
})
