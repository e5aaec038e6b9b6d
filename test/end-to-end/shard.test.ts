import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { daysAgo, manyPurchases, openShop, type Purchase, purchase, type Shop, until, uuid } from './shop.ts'

/** As in a table that can be parted: each device has a name of the shop's own. */
const named = (purchases: Purchase[]) =>
  purchases.map((one) => ({ ...one, device_id: `customer-${one.gps_adid}` }))

const shardsOf = (count: number) => Array.from({ length: count }, (_, index) => `${index}/${count}`)

/** One after the other, for DuckDB's file belongs to one process at a time. */
async function runShards(shop: Shop, count: number) {
  const summaries = []
  for (const shard of shardsOf(count)) summaries.push((await shop.run(0, '--shard', shard)).summary)
  return summaries
}

describe('the shards of a number, run one after the other', () => {
  it('deliver everything once and in order, each a part of the devices, and leave nothing', async () => {
    const shop = await openShop({ purchases: named(manyPurchases(300, 40)) })
    const parts = (await runShards(shop, 3)).map(({ counts }) => counts.delivered)
    expect(parts.reduce((sum, part) => sum + part)).toBe(300)
    for (const part of parts) expect(part).toBeGreaterThan(0)
    const clean = { requests: 300, counted: 300, countedTwice: [], outOfOrder: [], violations: {} }
    expect(shop.adjust.summary()).toMatchObject(clean)
    expect((await runShards(shop, 3)).map(({ counts }) => counts.read)).toEqual([0, 0, 0])
    const { stdout } = await shop.command('status')
    for (const shard of ['shard', '0/3', '1/3', '2/3']) expect(stdout).toMatch(new RegExp(` ${shard}$`, 'm'))
    expect((await shop.run(0)).summary.counts.read).toBe(0)
  })

  it('have a journal, a lease and a share of the rate of their own', async () => {
    const shop = await openShop({
      purchases: named(manyPurchases(60, 60)),
      delivery: { requests_per_second: 20 },
    })
    await runShards(shop, 2)
    for (const index of [0, 1]) expect(existsSync(shop.path(`state/shard-${index}-of-2`))).toBe(true)
    const leases = await shop.sql(
      'SELECT shard, CAST(epoch AS INTEGER) AS epoch FROM s2s_lease ORDER BY shard',
    )
    expect(leases).toEqual([
      { shard: '0/2', epoch: 1 },
      { shard: '1/2', epoch: 1 },
    ])
    // By the program's own clock, for on a busy machine more may arrive within a second than left within one.
    const sent = await shop.sql<{ busiest: number }>(
      `SELECT CAST(MAX(requests) AS INTEGER) AS busiest FROM (
        SELECT COUNT(*) OVER (PARTITION BY run_id ORDER BY sent_at RANGE BETWEEN INTERVAL 999 MILLISECOND PRECEDING AND CURRENT ROW) AS requests
        FROM s2s_audit
      )`,
    )
    expect(sent).toEqual([{ busiest: 10 }])
  })

  it('settle what has aged out since the runs of another number', async () => {
    const shop = await openShop({ purchases: [purchase('young')] })
    await shop.run(0)
    await shop.sell(named([purchase('aged', { occurred_at: daysAgo(58.5), gps_adid: uuid(1) })]))
    await shop.sql("UPDATE purchases SET device_id = 'customer'")
    // As if the first run had been a day ago, when the row was young enough.
    await shop.sql("UPDATE s2s_runs SET age_limit = age_limit - INTERVAL 1 DAY WHERE event = 'ended'")
    await runShards(shop, 2)
    expect(await shop.outcomes()).toMatchObject({ aged: 'expired too_old' })
  })

  it('settle it also where only some shards of a number between had their turn', async () => {
    const shop = await openShop({ purchases: [purchase('young')] })
    await shop.run(0)
    await shop.sql(
      'UPDATE s2s_runs SET age_limit = age_limit - INTERVAL 3 DAY, logged_at = logged_at - INTERVAL 3 DAY',
    )
    const aged = Array.from({ length: 30 }, (_, number) =>
      purchase(`aged-${number}`, { occurred_at: daysAgo(59), gps_adid: uuid(number) }),
    )
    await shop.sell(named(aged))
    await shop.sql("UPDATE purchases SET device_id = 'customer' WHERE device_id IS NULL")
    await shop.run(0, '--shard', '0/3')
    await runShards(shop, 2)
    const outcomes = await shop.outcomes()
    expect(aged.map(({ transaction_id }) => outcomes[transaction_id!])).toEqual(
      aged.map(() => 'expired too_old'),
    )
  })

  it('do not go back to when the same number was used long ago', async () => {
    const shop = await openShop({ purchases: named(manyPurchases(10, 5)) })
    await runShards(shop, 2)
    await shop.sql(
      'UPDATE s2s_runs SET age_limit = age_limit - INTERVAL 300 DAY, logged_at = logged_at - INTERVAL 300 DAY',
    )
    await shop.run(0)
    const { stdout } = await shop.command('plan', '--json', '--shard', '0/2')
    expect(Date.parse(JSON.parse(stdout).window.from)).toBeGreaterThan(Date.parse(daysAgo(59)))
  })
})

describe('a shard', () => {
  it('needs a column device_id in the source, and says so before anything is sent', async () => {
    const shop = await openShop({
      purchases: [purchase('one')],
      source: 'SELECT * EXCLUDE (device_id) FROM purchases',
    })
    const { stderr } = await shop.command('run', '--shard', '0/2')
    expect(stderr).toContain('column device_id is missing: --shard tells the devices apart by it')
    expect((await shop.command('plan', '--shard', '0/2')).code).toBe(2)
    expect(shop.adjust.truth()).toEqual([])
  })

  it('does not send a row without device_id, which could be of any shard, and a run over all does', async () => {
    const shop = await openShop({ purchases: [purchase('nameless')] })
    await runShards(shop, 2)
    expect(await shop.outcomes()).toEqual({ nameless: 'invalid device_id_missing' })
    await shop.run(0, '--resend', 'failed')
    expect(await shop.outcomes()).toEqual({ nameless: 'delivered ok' })
  })

  it('is refused when there are more shards than requests per second', async () => {
    const shop = await openShop({ delivery: { requests_per_second: 2 } })
    const { code, stderr } = await shop.command('run', '--shard', '0/3')
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('leaves some of 3 shards without a request'),
    })
  })

  it('shows in a plan what it would send, and all shards together what a run over all would', async () => {
    const shop = await openShop({ purchases: named(manyPurchases(40, 20)) })
    const plans = await Promise.all(
      shardsOf(2).map(async (shard) =>
        JSON.parse((await shop.command('plan', '--json', '--shard', shard)).stdout),
      ),
    )
    expect(plans.map(({ counts }) => counts.read).reduce((sum, read) => sum + read)).toBe(40)
  })
})

describe('a run that was killed', () => {
  const killed = async (shard: string) => {
    const shop = await openShop({
      purchases: named(manyPurchases(200, 200)),
      faults: { latency_ms: 60 },
      delivery: { concurrency: 8 },
    })
    const { child, ended } = await shop.start('run', '--shard', shard)
    await shop.untilAdjustHas(10)
    child.kill('SIGKILL')
    await ended
    await until(() => shop.adjust.truth().every(({ answer }) => answer !== null), 'the last answers')
    shop.adjust.setFaults({})
    return shop
  }

  it('keeps another number of shards from sending until it is recovered by its own', async () => {
    const shop = await killed('1/2')
    const before = shop.adjust.truth().length
    for (const flags of [[], ['--shard', '0/3']]) {
      const { code, stderr } = await shop.command('run', ...flags)
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('run --shard 1/2') })
    }
    expect(shop.adjust.truth()).toHaveLength(before)

    const { summary } = await shop.run(0, '--shard', '1/2')
    expect(summary.recovered).toBeGreaterThan(0)
    await shop.run(0)
    const { countedTwice, outOfOrder } = shop.adjust.summary()
    expect({ countedTwice, outOfOrder }).toEqual({ countedTwice: [], outOfOrder: [] })
  })

  it('is recovered by its own shard also while one of another number is unfinished, and so is that one', async () => {
    const shop = await killed('1/2')
    await shop.sql(
      `INSERT INTO s2s_runs (run_id, shard, epoch, event, logged_at, window_from, claim_to)
       SELECT 'other', '1/3', 1, 'claim', now(), now() - INTERVAL 1 DAY, now() - INTERVAL 2 HOUR`,
    )
    const stopped = await shop.command('run', '--shard', '1/2')
    expect({ code: stopped.code, stderr: stopped.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('run --shard 1/3'),
    })
    await shop.run(0, '--shard', '1/3')
    await shop.run(0, '--shard', '1/2')
    expect(shop.adjust.summary().countedTwice).toEqual([])
  })

  it('is no concern of the other shards of its number', async () => {
    const shop = await killed('1/2')
    const { summary } = await shop.run(0, '--shard', '0/2')
    expect(summary).toMatchObject({ recovered: 0, counts: { in_doubt: 0 } })
  })

  it('and lost its journal leaves in doubt only what its own shard may have sent', async () => {
    const shop = await killed('1/2')
    await shop.sql("UPDATE s2s_runs SET run_id = run_id || 'x' WHERE event <> 'ended'")
    await shop.run(0, '--shard', '0/2')
    const sentByOther = new Set(shop.counted())
    await shop.run(0, '--shard', '1/2')
    const doubts = Object.entries(await shop.outcomes()).filter(([, outcome]) =>
      outcome.startsWith('in_doubt'),
    )
    expect(doubts.length).toBeGreaterThan(0)
    const delivered = await shop.sql<{ transaction_id: string }>(
      "SELECT transaction_id FROM s2s_audit WHERE status = 'delivered' AND run_id = (SELECT MIN(run_id) FROM s2s_runs WHERE shard = '0/2')",
    )
    const ofOther = new Set(delivered.map(({ transaction_id }) => transaction_id))
    expect(doubts.filter(([id]) => ofOther.has(id))).toEqual([])
    expect(sentByOther.size).toBeGreaterThan(0)
    expect(shop.adjust.summary().countedTwice).toEqual([])
  })
})
