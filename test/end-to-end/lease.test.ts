import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { readLeases } from '../../src/lease/lease-row.ts'
import { machineAt } from '../../src/machine.ts'
import { runJob } from '../../src/run-job.ts'
import { openWarehouse } from '../../src/warehouse/open-warehouse.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { manyPurchases, openShop, purchase, type Shop } from './shop.ts'

/** The system's clock for a process that `pause` stops: time passes, and no timer fires meanwhile. */
function pausableClock(): Clock & { pause(ms: number): void } {
  let pausedMs = 0
  return {
    now: () => systemClock.now() + pausedMs,
    monotonic: () => systemClock.monotonic() + pausedMs,
    after: (delayMs, callback) => systemClock.after(delayMs, callback),
    pause: (ms) => {
      pausedMs += ms
    },
  }
}

/** A run in this process, in a warehouse that others may have open as well. */
async function runIn(shop: Shop, warehouse: Warehouse, clock: Clock, runId = 'run-1') {
  const config = await loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} })
  const selection = { from: null, to: null, app: null, event: null, limit: null, resend: 'none' as const }
  const { signal } = new AbortController()
  const lost: string[] = []
  const onLeaseLost = (why: string) => lost.push(why)
  const job = {
    config,
    warehouse,
    runId,
    selection,
    maxRejected: null,
    command: 'test',
    signal,
    machine: machineAt(clock),
  }
  return { summary: await runJob({ ...job, onLeaseLost }), lost }
}

async function openShared(shop: Shop): Promise<Warehouse> {
  const config = await loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} })
  const warehouse = await openWarehouse(config)
  // As BigQuery is: opening it shuts nobody out.
  Object.defineProperty(warehouse, 'isExclusive', { value: undefined })
  return warehouse
}

describe('a run that is paused for longer than its lease', () => {
  it('sends nothing when it wakes up, settles what is under way, leaves with 75, and the next run goes on', async () => {
    const shop = await openShop({
      purchases: manyPurchases(400, 50),
      faults: { latency_ms: 60 },
      delivery: { concurrency: 16 },
    })
    const warehouse = await openShared(shop)
    const clock = pausableClock()
    const running = runIn(shop, warehouse, clock)
    await shop.untilAdjustHas(60)
    clock.pause(5 * 60_000)
    const arrivedBefore = shop.adjust.truth().length
    const { summary, lost } = await running
    expect(summary).toMatchObject({ stopped: 'lease_lost', exit_code: 75, counts: { in_doubt: 0 } })
    // At most what was handed to the wire before may arrive afterwards.
    expect(shop.adjust.truth().length - arrivedBefore).toBeLessThanOrEqual(16)
    expect(summary.requests).toBe(shop.adjust.truth().length)
    expect(summary.counts.delivered).toBe(summary.requests)
    expect(lost.length).toBeLessThanOrEqual(1)
    expect(await readLeases(warehouse)).toMatchObject([{ holder: null, epoch: 1 }])
    await warehouse.close()
    await shop.run(0)
    expect(await shop.statusCounts()).toEqual({ delivered: 400 })
    expect(shop.adjust.summary()).toMatchObject({ counted: 400, countedTwice: [], outOfOrder: [] })
  })
})

describe('two runs in a warehouse that both can open', () => {
  it('never both send: the second ends at once, says who sends, and sends nothing', async () => {
    const shop = await openShop({ purchases: manyPurchases(100, 50), faults: { latency_ms: 60 } })
    const warehouse = await openShared(shop)
    const first = runIn(shop, warehouse, systemClock, 'run-first')
    await shop.untilAdjustHas(1)
    const refused = await runIn(shop, warehouse, systemClock, 'run-second').catch((error) => error)
    expect(refused).toMatchObject({
      exitCode: 75,
      message: expect.stringMatching(/run run-first on .* \(process \d+\) since 20.*Z until 20.*Z/),
    })
    expect((await first).summary.counts.delivered).toBe(100)
    await warehouse.close()
    expect(shop.adjust.summary()).toMatchObject({ counted: 100, countedTwice: [] })
  })
})

describe('the lease in a DuckDB file', () => {
  it('keeps nobody waiting: not after a run, and not after one that was killed', async () => {
    const shop = await openShop({ purchases: manyPurchases(400, 50), faults: { latency_ms: 60 } })
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(20)
    child.kill('SIGKILL')
    await ended
    const left = JSON.parse((await shop.command('status', '--json')).stdout)
    expect(left.leases).toMatchObject([{ shard: '0/1', pid: child.pid, epoch: 1, sending: false }])
    await shop.run(0)
    await shop.run(0)
    const runs = await shop.sql<{ epoch: string }>(
      "SELECT epoch FROM s2s_runs WHERE event = 'ended' ORDER BY logged_at",
    )
    expect(runs.map(({ epoch }) => Number(epoch))).toEqual([2, 3])
    expect((await shop.command('status')).stdout).toMatch(/^Sending now\n {2}nobody\n/)
  })

  it('is not asked for by plan', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    expect((await shop.command('plan')).code).toBe(0)
    expect(await shop.sql('SELECT * FROM s2s_lease')).toEqual([])
  })
})
