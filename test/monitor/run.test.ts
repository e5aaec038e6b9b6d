import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { APP, manyPurchases, openShop, purchase, type Shop } from '../end-to-end/shop.ts'
import { metricsOf, parseMetrics } from './exposed.ts'
import { type Receiver, startReceiver } from './receiver.ts'

const SUCCESS = 'last_success_timestamp_seconds'
const EARLIER = `adjust_s2s_${SUCCESS}{shard="0/1"} 1800000000\n`

async function metricsIn(shop: Shop, file = 'm.prom') {
  return metricsOf(await readFile(shop.path(file), 'utf8'))
}

/** `run --json --metrics-file m.prom`, after a run that succeeded long ago. */
async function runAfterSuccess(shop: Shop, ...flags: string[]) {
  await writeFile(shop.path('m.prom'), EARLIER)
  const result = await shop.command('run', '--json', '--metrics-file', 'm.prom', ...flags)
  return { ...result, metrics: await metricsIn(shop) }
}

/** Holds the warehouse's file in the way that another run does. */
async function withWarehouseTaken<T>(shop: Shop, work: () => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(shop.warehousePath)
  try {
    return await work()
  } finally {
    instance.closeSync()
  }
}

const wordsOf = ({ received }: Receiver) => received.map(({ target }) => target)

describe('the metrics file of a run', () => {
  it('has the counts of the summary, what is open after it, and how late events were delivered', async () => {
    const shop = await openShop({
      purchases: [purchase('t1'), purchase('t2'), purchase('t3', { revenue: '5', currency: null })],
    })
    const { summary } = await shop.run(0, '--metrics-file', 'm.prom')
    const metrics = await metricsIn(shop)
    for (const [status, count] of Object.entries(summary.counts))
      if (status !== 'read') expect(metrics[`last_run_rows{status="${status}"}`]).toBe(count)
    expect(metrics).toMatchObject({
      last_run_exit_code: 0,
      last_run_rows_read: 3,
      'last_run_rows{status="delivered"}': 2,
      'last_run_reason_rows{reason="currency_missing",status="invalid"}': 1,
      last_run_requests: 2,
      'open_rows{status="deferred"}': 0,
      oldest_open_age_seconds: 0,
    })
    expect(metrics[SUCCESS]).toBe(metrics.last_run_end_timestamp_seconds)
    // Both were sold two hours ago.
    expect(Math.abs(metrics['last_run_delivery_lag_seconds{percentile="50"}']! - 7200)).toBeLessThan(120)
  })

  it('counts what waits in the audit table, as status does', async () => {
    const shop = await openShop({
      purchases: [purchase('t1', { occurred_at: '2026-01-01T00:00:00Z' }), ...manyPurchases(3, 1)],
      faults: { no_answer: 1 },
      delivery: { timeout_ms: 200 },
    })
    await shop.command('run', '--metrics-file', 'm.prom')
    const { stdout } = await shop.command('status', '--json')
    const { open } = JSON.parse(stdout) as { open: { status: string; events: number; given_up_at: string }[] }
    const metrics = await metricsIn(shop)
    const eventsOf = (wanted: string) =>
      open.reduce((sum, { status, events }) => (status === wanted ? sum + events : sum), 0)
    expect(eventsOf('in_doubt')).toBeGreaterThan(0)
    expect(metrics['open_rows{status="in_doubt"}']).toBe(eventsOf('in_doubt'))
    expect(metrics['open_rows{status="deferred"}']).toBe(eventsOf('deferred'))
    const first = Math.min(
      ...open.filter(({ status }) => status === 'in_doubt').map(({ given_up_at }) => Date.parse(given_up_at)),
    )
    expect(metrics['oldest_open_expiry_timestamp_seconds{status="in_doubt"}']).toBe(first / 1000)
    expect(metrics.oldest_open_age_seconds).toBeGreaterThan(3600)
  })

  it('keeps the last success when the configuration is broken, and says nothing of what it does not know', async () => {
    const shop = await openShop()
    await shop.configure({ delivery: { late: 'never' } })
    const { code, metrics } = await runAfterSuccess(shop)
    expect(code).toBe(2)
    expect(metrics).toMatchObject({ [SUCCESS]: 1_800_000_000, last_run_exit_code: 2, last_run_skipped: 0 })
    expect(Object.keys(metrics).filter((name) => /rows|open|requests/.test(name))).toEqual([])
  })

  it('keeps it when Adjust refuses the token', async () => {
    const shop = await openShop({
      purchases: [purchase('t1')],
      world: { apps: { [APP]: { secret: 'right', security: 'active' } } },
      env: { ADJUST_S2S_TOKEN: 'wrong' },
    })
    const { code, metrics } = await runAfterSuccess(shop)
    expect(code).toBe(4)
    expect(metrics).toMatchObject({
      [SUCCESS]: 1_800_000_000,
      last_run_exit_code: 4,
      'last_run_stopped{reason="credentials_refused"}': 1,
      'open_rows{status="deferred"}': 1,
    })
  })

  it('says that it was skipped when another process has the warehouse', async () => {
    const shop = await openShop()
    const { code, metrics } = await withWarehouseTaken(shop, () => runAfterSuccess(shop))
    expect(code).toBe(75)
    expect(metrics).toMatchObject({ [SUCCESS]: 1_800_000_000, last_run_exit_code: 75, last_run_skipped: 1 })
    expect('open_rows{status="deferred"}' in metrics).toBe(false)
  })

  it('that cannot be written is a warning, and the run ends as it would have', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    const { stderr } = await shop.run(0, '--metrics-file', 'no/such/folder/m.prom')
    expect(stderr).toMatch(/"WARNING".*no metrics in .*no\/such\/folder\/m\.prom: ENOENT/)
    expect(await shop.outcomes()).toEqual({ t1: 'delivered ok' })
  })

  it('that a node-exporter would not read is written, with a warning', async () => {
    const shop = await openShop()
    const { stderr } = await shop.run(0, '--metrics-file', 'm.txt')
    expect(stderr).toMatch(/"WARNING".*m\.txt does not end with \.prom/)
    expect(await metricsIn(shop, 'm.txt')).toMatchObject({ last_run_exit_code: 0 })
    expect((await shop.run(0, '--metrics-file', 'm.prom')).stderr).not.toContain('.prom')
  })

  it('has to have a name', async () => {
    const { code, stderr } = await (await openShop()).command('run', '--metrics-file', ' ')
    expect(code).toBe(2)
    expect(stderr).toContain('--metrics-file is empty.')
  })

  it('is one for each shard', async () => {
    const shop = await openShop({ purchases: [purchase('t1', { device_id: 'd1' })] })
    for (const shard of ['0/2', '1/2']) await shop.run(0, '--shard', shard, '--metrics-file', 'm.prom')
    const texts = await Promise.all(
      ['m-0-of-2.prom', 'm-1-of-2.prom'].map((name) => readFile(shop.path(name), 'utf8')),
    )
    const [first, second] = texts.map(parseMetrics)
    expect(first).toMatchObject({ 'adjust_s2s_last_run_exit_code{shard="0/2"}': 0 })
    expect(second).toMatchObject({ 'adjust_s2s_last_run_exit_code{shard="1/2"}': 0 })
    // The audit table is that of all shards, so one of them asks.
    expect(first).toMatchObject({ 'adjust_s2s_oldest_open_age_seconds{shard="0/2"}': 0 })
    expect('adjust_s2s_oldest_open_age_seconds{shard="1/2"}' in second!).toBe(false)
  })

  it('can stand in the configuration, from its folder on; the flag goes before', async () => {
    const shop = await openShop()
    await mkdir(shop.path('metrics'))
    await shop.configure({ metrics: { file: 'metrics/configured.prom' } })
    await shop.run(0)
    expect(await metricsIn(shop, 'metrics/configured.prom')).toMatchObject({ last_run_exit_code: 0 })
    await shop.run(0, '--metrics-file', 'flagged.prom')
    expect(await metricsIn(shop, 'flagged.prom')).toMatchObject({ last_run_exit_code: 0 })
  })
})

describe('a Pushgateway', () => {
  it('gets the metrics by POST, under the shard, which leaves the last success of an earlier run as it is', async () => {
    const receiver = await startReceiver()
    const shop = await openShop({ env: { ADJUST_S2S_METRICS_PUSHGATEWAY_URL: `${receiver.url}/` } })
    await shop.run(0)
    await withWarehouseTaken(shop, () => shop.command('run'))
    expect(receiver.received.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /metrics/job/adjust_s2s/shard@base64/MC8x',
      'POST /metrics/job/adjust_s2s/shard@base64/MC8x',
    ])
    expect(Buffer.from('MC8x', 'base64').toString()).toBe('0/1')
    const [good, bad] = receiver.received.map(({ body }) => metricsOf(body))
    expect(good).toMatchObject({ last_run_exit_code: 0, last_run_rows_read: 0 })
    expect(good![SUCCESS]).toBe(good!.last_run_end_timestamp_seconds)
    expect(bad).toMatchObject({ last_run_exit_code: 75, last_run_rows_read: Number.NaN })
    expect(SUCCESS in bad!).toBe(false)
  })

  it('may be addressed with a job of its own, and with a password that no log shows', async () => {
    const receiver = await startReceiver()
    const url = receiver.url.replace('//', '//ana:secret%21@')
    const shop = await openShop({
      env: { ADJUST_S2S_METRICS_PUSHGATEWAY_URL: `${url}/metrics/job/shop/region/eu` },
    })
    receiver.answer = () => 400
    receiver.words = () => 'pushed metrics are invalid'
    const { stderr } = await shop.run(0)
    const [request] = receiver.received
    expect(request!.target).toBe('/metrics/job/shop/region/eu/shard@base64/MC8x')
    expect(request!.headers.authorization).toBe(`Basic ${Buffer.from('ana:secret!').toString('base64')}`)
    expect(stderr).toContain('no metrics at the Pushgateway')
    expect(stderr).toContain('pushed metrics are invalid')
    expect(stderr).not.toContain('secret')
  })
})

describe('the health check of a run', () => {
  const withCheck = (receiver: Receiver) => ({ env: { HEALTHCHECK_URL: `${receiver.url}/key-of-ours` } })

  it('is told of the start, and of exit code 0 with the numbers of the run', async () => {
    const receiver = await startReceiver()
    const shop = await openShop({ ...withCheck(receiver), purchases: [purchase('t1'), purchase('t2')] })
    const { summary, stderr } = await shop.run(0)
    expect(wordsOf(receiver)).toEqual(['/key-of-ours/start', '/key-of-ours/0'])
    const { body } = receiver.received[1]!
    expect(body).toContain(`run ${summary.run_id}, shard 0/1: exit code 0`)
    expect(body).toContain('read 2: 2 delivered')
    expect(body).not.toMatch(/\bt1\b|\bt2\b/)
    expect(stderr).not.toContain('key-of-ours')
  })

  it('is told of a configuration that cannot be read', async () => {
    const receiver = await startReceiver()
    const shop = await openShop(withCheck(receiver))
    await shop.configure({ delivery: { late: 'never' } })
    await shop.command('run')
    expect(wordsOf(receiver)).toEqual(['/key-of-ours/start', '/key-of-ours/2'])
  })

  it('is not told that a run failed which only found another one at work', async () => {
    const receiver = await startReceiver()
    const shop = await openShop(withCheck(receiver))
    const { code } = await withWarehouseTaken(shop, () => shop.command('run'))
    expect(code).toBe(75)
    expect(wordsOf(receiver)).toEqual(['/key-of-ours/start', '/key-of-ours/log'])
    expect(receiver.received[1]!.body).toContain('skipped: another run is at work')
  })

  const slowShop = (receiver: Receiver) =>
    openShop({
      ...withCheck(receiver),
      purchases: manyPurchases(400, 50),
      faults: { latency_ms: 60 },
      delivery: { concurrency: 16 },
    })

  it('is told neither good nor bad of a run that is asked to stop while it delivers, and why it stopped', async () => {
    const receiver = await startReceiver()
    const shop = await slowShop(receiver)
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(60)
    child.kill('SIGTERM')
    expect((await ended).code).toBe(75)
    expect(wordsOf(receiver)).toEqual(['/key-of-ours/start', '/key-of-ours/log'])
    expect(receiver.received[1]!.body).toContain('exit code 75')
    expect(receiver.received[1]!.body).toContain('sending stopped: run_stopped')
  })

  it('does not keep a run from sending as long as it does not answer', async () => {
    const receiver = await startReceiver()
    receiver.answer = () => null
    const shop = await slowShop(receiver)
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(60)
    // Nobody has answered it yet, nor has it been given up.
    expect(wordsOf(receiver)).toEqual(['/key-of-ours/start'])
    await receiver.close()
    child.kill('SIGTERM')
    expect((await ended).code).toBe(75)
  })

  it('that is away is a warning without its key, and the run ends as it would have', async () => {
    const receiver = await startReceiver()
    await receiver.close()
    const shop = await openShop({ ...withCheck(receiver), purchases: [purchase('t1')] })
    const { stderr } = await shop.run(0)
    expect(stderr).toMatch(/"WARNING".*the health check was not told \(0\)/)
    expect(stderr).not.toContain('key-of-ours')
  })
})
