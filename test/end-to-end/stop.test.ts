import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { machineAt } from '../../src/machine.ts'
import { runJob } from '../../src/run-job.ts'
import type { RunSummary } from '../../src/summary.ts'
import { openWarehouse } from '../../src/warehouse/open-warehouse.ts'
import { manyPurchases, openShop, purchase, type Shop, until } from './shop.ts'

const CONCURRENCY = 16

/** A run that is in the middle of sending: some events are delivered, some in flight, most still wait. */
async function runInMidFlight(shop: Shop, ...flags: string[]) {
  const started = await shop.start('run', '--json', ...flags)
  await shop.untilAdjustHas(60)
  return started
}

const slowShop = () =>
  openShop({
    purchases: manyPurchases(400, 50),
    faults: { latency_ms: 60 },
    delivery: { concurrency: CONCURRENCY },
  })

/** Everything that Adjust counted, against what the audit table says. */
async function expectDeliveredOnce(shop: Shop, purchaseCount: number): Promise<void> {
  const truth = { counted: purchaseCount, countedTwice: [], outOfOrder: [] }
  expect(shop.adjust.summary()).toMatchObject(truth)
  expect(await shop.statusCounts()).toEqual({ delivered: purchaseCount })
}

describe('a run that is asked to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s awaits its answers, and the next run goes on',
    async (signal) => {
      const shop = await slowShop()
      const { child, ended } = await runInMidFlight(shop)
      child.kill(signal)
      const { code, stdout } = await ended
      expect(code).toBe(75)
      const { counts, stopped, requests } = JSON.parse(stdout) as RunSummary
      const sum = Object.values(counts).reduce((total, count) => total + count, 0) - counts.read
      expect(sum).toBe(counts.read)
      expect(counts).toMatchObject({ in_doubt: 0, delivered: requests, deferred: counts.read - requests })
      expect(stopped).toBe('run_stopped')
      expect(shop.counted()).toHaveLength(counts.delivered)
      expect(counts.delivered).toBeLessThan(400)
      await shop.run(0)
      await expectDeliveredOnce(shop, 400)
    },
  )

  it('twice ends at once; what was in flight is in doubt for the next run', async () => {
    const shop = await openShop({ purchases: manyPurchases(20, 20), faults: { no_answer: 1 } })
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(1)
    child.kill('SIGTERM')
    await new Promise((resolve) => child.stderr.on('data', (text) => /SIGTERM/.test(text) && resolve(null)))
    const askedAgainAt = systemClock.monotonic()
    // One that follows at once is the same signal, told twice by a process group; a person's second one comes later.
    const again = setInterval(() => child.kill('SIGTERM'), 100)
    expect((await ended).code).toBe(75)
    clearInterval(again)
    // Its answer would have been awaited for ten seconds.
    expect(systemClock.monotonic() - askedAgainAt).toBeLessThan(5_000)
    shop.adjust.setFaults({})
    const sent = shop.adjust.truth().map(({ transactionId }) => transactionId)
    const { summary } = await shop.run(0)
    expect(summary).toMatchObject({ recovered: sent.length, counts: { in_doubt: sent.length } })
    const inDoubt = Object.values(await shop.audit()).filter(({ status }) => status === 'in_doubt')
    expect(inDoubt.map((row) => row.transaction_id)).toEqual(sent)
    expect(inDoubt.every(({ reason }) => reason === 'process_died')).toBe(true)
    expect(shop.adjust.summary().countedTwice).toEqual([])
  })
})

describe('a run that is asked to stop while the warehouse still works at its query', () => {
  it('stops the query, says so, and leaves with 75', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    // Left alone, this takes far longer than any test has time.
    await shop.writeSource(
      'SELECT * FROM purchases WHERE (SELECT MAX(hash(i)) FROM range(200000000000) AS numbers(i)) IS NOT NULL',
    )
    const { child, ended } = await shop.start('run', '--json')
    await new Promise((resolve) => child.stderr.on('data', (text) => /covers/.test(text) && resolve(null)))
    child.kill('SIGTERM')
    const { code, stdout, stderr } = await ended
    expect(code).toBe(75)
    expect(JSON.parse(stdout)).toMatchObject({ read_to_end: false, exit_code: 75 })
    expect(stderr).not.toContain('bug')
    expect(shop.adjust.truth()).toEqual([])
  })
})

describe('a signal that reaches the program twice at once', () => {
  it('is one signal: what is under way is still awaited', async () => {
    const shop = await openShop({ purchases: manyPurchases(20, 20), faults: { latency_ms: 1_000 } })
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(1)
    child.kill('SIGTERM')
    child.kill('SIGTERM')
    const { code, stdout } = await ended
    expect(code).toBe(75)
    expect(JSON.parse(stdout).counts).toMatchObject({ in_doubt: 0 })
  })
})

describe('a run that is killed', () => {
  it('leaves a journal from which the next one settles what is known; the rest is in doubt and not sent again', async () => {
    const shop = await slowShop()
    const { child, ended } = await runInMidFlight(shop)
    child.kill('SIGKILL')
    await ended
    await until(() => shop.adjust.truth().every(({ answer }) => answer !== null), 'the last answers')
    const countedBefore = new Set(shop.counted())

    const { summary, stderr } = await shop.run(0)
    expect(summary.recovered).toBeGreaterThanOrEqual(1)
    expect(stderr).toContain('an earlier run ended early')
    const audit = Object.values(await shop.audit())
    const inDoubt = audit.filter(({ status }) => status === 'in_doubt')
    expect(inDoubt.length).toBeLessThanOrEqual(CONCURRENCY)
    expect(inDoubt.every(({ reason }) => reason === 'process_died')).toBe(true)
    // What Adjust counted and the dead process knew is delivered; what it did not know is among those in doubt.
    const settled = new Set(audit.flatMap((row) => (row.status === 'delivered' ? row.transaction_id : [])))
    const unknown = [...countedBefore].filter((id) => !settled.has(id))
    expect(inDoubt.map((row) => row.transaction_id)).toEqual(expect.arrayContaining(unknown))
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [], outOfOrder: [] })

    await shop.configure({ delivery: { in_doubt: { revenue: 'skip', other: 'skip' } } })
    await shop.run(0)
    const counts = {
      delivered: 400 - inDoubt.length,
      ...(inDoubt.length > 0 && { in_doubt: inDoubt.length }),
    }
    expect(await shop.statusCounts()).toEqual(counts)
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [], outOfOrder: [] })
  })
})

describe('two runs at once', () => {
  it('never both send: the second one ends with 75 at once and names the process that has the warehouse', async () => {
    const shop = await slowShop()
    const { child, ended } = await runInMidFlight(shop)
    const second = await shop.command('run', '--json')
    expect(second.code).toBe(75)
    const { error } = JSON.parse(second.stdout) as { error: { message: string; exit_code: number } }
    expect(error.exit_code).toBe(75)
    expect(error.message).toContain(`${shop.warehousePath} is in use by process ${child.pid}`)
    expect(second.stderr).toContain('wait until that one has ended')
    expect((await ended).code).toBe(0)
    await expectDeliveredOnce(shop, 400)
  })
})

/** Fifty seconds pass in one. */
const fastClock: Clock = {
  now: systemClock.now,
  monotonic: () => systemClock.monotonic() * 50,
  after: (delayMs, callback) => systemClock.after(delayMs / 50, callback),
}

describe('a run while Adjust is down', () => {
  it('gives up after some two minutes, loses nothing, and asks to be tried again', async () => {
    const shop = await openShop({ purchases: manyPurchases(40, 40) })
    await shop.adjust.close()
    const config = await loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} })
    const warehouse = await openWarehouse(config)
    const selection = { from: null, to: null, app: null, event: null, limit: null, resend: 'none' as const }
    const { signal } = new AbortController()
    const job = {
      config,
      warehouse,
      selection,
      maxRejected: null,
      command: 'test',
      signal,
      machine: machineAt(fastClock),
    }
    const summary = await runJob({ ...job, runId: 'run-1' }).finally(() => warehouse.close())
    expect(summary).toMatchObject({
      exit_code: 75,
      stopped: 'adjust_unavailable',
      counts: { read: 40, deferred: 40 },
    })
    expect(summary.duration_s).toBeGreaterThan(60)
    expect(await shop.statusCounts()).toEqual({ deferred: 40 })
  })
})
