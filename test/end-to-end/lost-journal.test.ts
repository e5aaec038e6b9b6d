import { cp, rename, rm } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { TransientError } from '../../src/domain/errors.ts'
import { runJob } from '../../src/run-job.ts'
import type { RunSummary } from '../../src/summary.ts'
import { openWarehouse } from '../../src/warehouse/open-warehouse.ts'
import type { TableRow, Warehouse } from '../../src/warehouse/warehouse.ts'
import {
  manyPurchases,
  minutesAgo,
  OTHER_APP,
  openShop,
  purchase,
  type Shop,
  type ShopOptions,
  until,
} from './shop.ts'

const WARNING = 'ended early, and its journal is not in'

/** More rows than a run claims at once: its window of open events and the batches that it reads ahead. */
const FAR_MORE = 16_000

const slowShop = (options: ShopOptions = {}) =>
  openShop({
    purchases: manyPurchases(400, 400),
    faults: { latency_ms: 60 },
    delivery: { concurrency: 16 },
    ...options,
  })

/** A run that is killed when so many requests have arrived. Answers the ids that Adjust has counted when all is quiet. */
async function killRun(shop: Shop, requestCount: number, ...flags: string[]): Promise<Set<string>> {
  const { child, ended } = await shop.start('run', '--json', ...flags)
  await shop.untilAdjustHas(requestCount)
  child.kill('SIGKILL')
  await ended
  await until(() => shop.adjust.truth().every(({ answer }) => answer !== null), 'the last answers')
  return new Set(shop.counted())
}

const loseJournal = (shop: Shop) => rm(shop.path('state'), { recursive: true })

/** Ids by outcome, `in_doubt journal_lost` for one. */
async function idsByOutcome(shop: Shop): Promise<Record<string, string[]>> {
  const entries = Object.entries(await shop.outcomes())
  const groups = Map.groupBy(entries, ([, outcome]) => outcome)
  return Object.fromEntries([...groups].map(([outcome, found]) => [outcome, found.map(([id]) => id)]))
}

/** Rows of the log of runs of one kind. */
const logged = (shop: Shop, event: string) =>
  shop.sql<{ run_id: string }>(`SELECT run_id FROM s2s_runs WHERE event = '${event}' ORDER BY logged_at`)

describe('a run whose journal is gone when the next one starts', () => {
  it('leaves in doubt what it may have sent, and nothing else; what it had not claimed is delivered', async () => {
    const shop = await slowShop({ purchases: manyPurchases(FAR_MORE, FAR_MORE) })
    const counted = await killRun(shop, 1_000)
    await loseJournal(shop)
    const [killed] = await logged(shop, 'started')
    const beyond = await shop.sql<{ transaction_id: string }>(
      `SELECT transaction_id FROM purchases WHERE occurred_at > (SELECT MAX(claim_to) FROM s2s_runs) ORDER BY 1`,
    )
    const settledBefore = new Set(Object.keys(await shop.audit()))
    expect(beyond.length).toBeGreaterThan(1_000)

    shop.adjust.setFaults({})
    const { summary, stderr } = await shop.run(3, '--max-rejected', '10')
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [], outOfOrder: [] })
    expect(stderr).toContain(`run ${killed!.run_id} of `)
    expect(stderr).toContain(WARNING)
    const {
      'in_doubt journal_lost': inDoubt = [],
      'delivered ok': delivered = [],
      ...others
    } = await idsByOutcome(shop)
    expect(others).toEqual({})
    expect(summary.counts).toMatchObject({ in_doubt: inDoubt.length, delivered: beyond.length })
    expect(stderr).toContain(`${inDoubt.length} may have been sent`)
    expect(new Set(delivered)).toEqual(
      new Set([...settledBefore, ...beyond.map(({ transaction_id }) => transaction_id)]),
    )
    // Whatever Adjust has of the killed run is either known as delivered or in doubt.
    expect([...counted].filter((id) => !delivered.includes(id) && !inDoubt.includes(id))).toEqual([])
    expect(await logged(shop, 'lost')).toEqual([killed])
  })

  it('is noticed once; its events then follow the policy for what is in doubt', async () => {
    const shop = await slowShop()
    await killRun(shop, 60)
    await loseJournal(shop)
    await shop.run(0)
    const { 'in_doubt journal_lost': inDoubt = [] } = await idsByOutcome(shop)
    expect(inDoubt.length).toBeGreaterThan(300)
    const requests = shop.adjust.truth().length

    const held = await shop.run(0)
    expect(held.stderr).not.toContain(WARNING)
    expect(held.summary.counts).toMatchObject({ read: inDoubt.length, in_doubt: inDoubt.length })
    await shop.configure({ delivery: { in_doubt: { revenue: 'resend', other: 'resend' } } })
    expect((await shop.run(0)).summary.counts.in_doubt).toBe(inDoubt.length)
    expect(shop.adjust.truth()).toHaveLength(requests)
    await shop.sql('UPDATE s2s_audit SET settled_at = settled_at - INTERVAL 20 MINUTE')
    expect((await shop.run(0)).summary.counts.delivered).toBe(inDoubt.length)
    const resent = shop.adjust
      .truth()
      .slice(requests)
      .map(({ transactionId }) => transactionId)
    expect(new Set(resent)).toEqual(new Set(inDoubt))
  })

  it('keeps later events of the devices in question waiting', async () => {
    const shop = await slowShop({ purchases: manyPurchases(400, 400), faults: { latency_ms: 60 } })
    const counted = await killRun(shop, 60)
    await loseJournal(shop)
    await shop.sql(
      `INSERT INTO purchases SELECT * REPLACE ('later-' || transaction_id AS transaction_id, now() - INTERVAL 30 MINUTE AS occurred_at) FROM purchases`,
    )
    // The doubt is settled though its rows are not in this window, and stands in the audit table with the names of its devices.
    await shop.run(0, '--from', minutesAgo(45))
    const outcomes = await shop.outcomes()
    const doubted = Object.keys(outcomes).filter((id) => outcomes[id] === 'in_doubt journal_lost')
    expect(doubted.some((id) => counted.has(id))).toBe(true)
    for (const id of doubted) expect(outcomes[`later-${id}`]).toBe('deferred waits_for_in_doubt')
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [], outOfOrder: [] })
  })

  it('has left in doubt what an earlier run deferred, too, and what was to be sent once more', async () => {
    const shop = await slowShop({ purchases: manyPurchases(40, 40), faults: { latency_ms: 500 } })
    const insert = (status: string, where: string) =>
      shop.sql(`INSERT INTO s2s_audit (audit_id, run_id, transaction_id, status, reason, attempt, app_token, event_token, device_names, occurred_at, settled_at, warnings)
        SELECT 'old/' || transaction_id, 'old', transaction_id, '${status}', 'some_reason', 1, app_token, event_token, [], occurred_at, now() - INTERVAL 1 HOUR, []
        FROM purchases WHERE ${where}`)
    await insert('deferred', "transaction_id < 'p000020'")
    await insert('rejected', "transaction_id >= 'p000020'")
    await killRun(shop, 1, '--resend', 'failed')
    await loseJournal(shop)
    shop.adjust.setFaults({})
    const requests = shop.adjust.truth().length
    const { summary } = await shop.run(0, '--resend', 'failed')
    expect(summary.counts).toMatchObject({ read: 40, in_doubt: 40 })
    expect(shop.adjust.truth()).toHaveLength(requests)
  })

  it('has not left in doubt what it said its last word on, which an attempt is not', async () => {
    const shop = await slowShop({ purchases: manyPurchases(3, 3), faults: { latency_ms: 500 } })
    await killRun(shop, 1)
    await loseJournal(shop)
    const insert = (status: string, id: string) =>
      shop.sql(`INSERT INTO s2s_audit (audit_id, run_id, transaction_id, status, reason, attempt, device_names, occurred_at, settled_at, warnings)
        SELECT 'x/' || transaction_id, (SELECT run_id FROM s2s_runs WHERE event = 'started'), transaction_id, '${status}', 'some_reason', 1, [], occurred_at, now(), []
        FROM purchases WHERE transaction_id = '${id}'`)
    await insert('retried', 'p000001')
    await insert('deferred', 'p000002')
    await shop.run(0)
    const inDoubt = 'in_doubt journal_lost'
    expect(await shop.outcomes()).toEqual({ p000000: inDoubt, p000001: inDoubt, p000002: 'delivered ok' })
  })

  it('leaves apps alone for which it did not send', async () => {
    const others = manyPurchases(20, 20).map((row) => ({
      ...row,
      transaction_id: `other-${row.transaction_id}`,
      app_token: OTHER_APP,
    }))
    const shop = await slowShop({
      purchases: [...manyPurchases(20, 20), ...others],
      faults: { latency_ms: 500 },
    })
    await killRun(shop, 1, '--app', OTHER_APP)
    await loseJournal(shop)
    shop.adjust.setFaults({})
    const { summary } = await shop.run(0)
    expect(summary.counts).toMatchObject({ delivered: 20, in_doubt: 20 })
    expect(shop.counted().filter((id) => id.startsWith('other-'))).toHaveLength(1)
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [] })
  })
})

describe('a journal that is not that of the run before', () => {
  it('but a copy from before it: the run is lost', async () => {
    const shop = await slowShop({ purchases: [purchase('first')], faults: {} })
    await shop.run(0)
    await cp(shop.path('state'), shop.path('copy'), { recursive: true })
    await shop.sell(manyPurchases(400, 400))
    shop.adjust.setFaults({ latency_ms: 60 })
    await killRun(shop, 60)
    await loseJournal(shop)
    await rename(shop.path('copy'), shop.path('state'))
    const { stderr } = await shop.run(0)
    expect(stderr).toContain(WARNING)
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [] })
    expect(await shop.statusCounts()).toMatchObject({ in_doubt: expect.any(Number) })
  })

  it('but a copy that was made while it went on: the run is lost all the same', async () => {
    const shop = await slowShop({
      purchases: manyPurchases(FAR_MORE, FAR_MORE),
      faults: { latency_ms: 5 },
      delivery: { concurrency: 64 },
    })
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(10)
    await cp(shop.path('state'), shop.path('copy'), { recursive: true })
    await shop.untilAdjustHas(6_000)
    child.kill('SIGKILL')
    await ended
    await until(() => shop.adjust.truth().every(({ answer }) => answer !== null), 'the last answers')
    const counted = shop.counted()
    await loseJournal(shop)
    await rename(shop.path('copy'), shop.path('state'))
    const { stderr } = await shop.run(0)
    expect(stderr).toContain(WARNING)
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [] })
    const outcomes = await shop.outcomes()
    const known = ['delivered ok', 'in_doubt journal_lost', 'in_doubt process_died']
    expect(counted.filter((id) => !known.includes(outcomes[id]!))).toEqual([])
  })

  it('but that of another machine: the run is lost, and its journal still settles what it knows when it comes back', async () => {
    const shop = await slowShop()
    const counted = await killRun(shop, 60)
    await shop.configure({ state_dir: 'elsewhere' })
    expect((await shop.run(0)).stderr).toContain(WARNING)
    const before = (await idsByOutcome(shop))['in_doubt journal_lost']!
    await shop.configure({ state_dir: 'state' })
    const { summary, stderr } = await shop.run(0)
    expect(stderr).not.toContain(WARNING)
    expect(summary.recovered).toBeGreaterThan(0)
    const after = await idsByOutcome(shop)
    expect(after['delivered ok']!.every((id) => counted.has(id))).toBe(true)
    expect(after['delivered ok']!.length).toBeGreaterThan(400 - before.length)
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [] })
  })

  it('but that of another warehouse: nothing is sent', async () => {
    const [shop, other] = [await openShop({ purchases: [purchase('t1')] }), await openShop()]
    await other.run(0)
    await cp(other.path('state'), shop.path('state'), { recursive: true })
    const { code, stderr } = await shop.command('run')
    expect({ code, sent: shop.adjust.truth() }).toEqual({ code: 2, sent: [] })
    expect(stderr).toContain('belongs to duckdb:')
  })
})

describe('a journal that is gone after a run that ended', () => {
  it.each(['by itself', 'by SIGTERM'])('%s is not missed', async (how) => {
    const shop = await slowShop()
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(60)
    if (how === 'by SIGTERM') child.kill('SIGTERM')
    expect((await ended).code).toBe(how === 'by SIGTERM' ? 75 : 0)
    await loseJournal(shop)
    const { stderr } = await shop.run(0)
    expect(stderr).not.toContain(WARNING)
    expect(await shop.statusCounts()).toEqual({ delivered: 400 })
  })

  it('of which a later run has read the journal is not missed either', async () => {
    const shop = await slowShop()
    await killRun(shop, 60)
    await shop.run(0)
    expect(await logged(shop, 'recovered')).toEqual([(await logged(shop, 'started'))[0]])
    const { 'in_doubt process_died': inDoubt = [], ...others } = await idsByOutcome(shop)
    expect(Object.keys(others)).toEqual(['delivered ok'])
    await loseJournal(shop)
    const { stderr, summary } = await shop.run(0)
    expect(stderr).not.toContain(WARNING)
    expect(summary.counts.read).toBe(inDoubt.length)
  })
})

/** `runJob` in a warehouse that is watched. */
async function runWatched(shop: Shop, runId: string, onAppend: OnAppend): Promise<RunSummary> {
  const config = await loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} })
  const warehouse = await openWarehouse(config)
  const watched = watchAppends(warehouse, onAppend)
  const selection = { from: null, to: null, app: null, event: null, limit: null, resend: 'none' as const }
  const { signal } = new AbortController()
  const job = { config, warehouse: watched, selection, maxRejected: null, command: 'test', signal }
  return runJob({ ...job, runId }).finally(() => warehouse.close())
}

/** Runs again and again, the first without a single append to the warehouse, each next one with one more, until one comes through. */
async function runWithMoreAndMoreAppends(shop: Shop): Promise<void> {
  for (let allowed = 0; allowed < 30; allowed++) {
    let left = allowed
    const onAppend: OnAppend = async (_table, _rows, append) => {
      if (left-- <= 0) throw new TransientError('the warehouse is away')
      await append()
    }
    const summary = await runWatched(shop, `run-${allowed}`, onAppend).catch(() => null)
    if (summary !== null) return
  }
  throw new Error('thirty appends were not enough for a run')
}

describe('a run that fails while it settles what an earlier one left', () => {
  it('leaves all of it to the next, whichever write fails', async () => {
    const shop = await slowShop({ purchases: manyPurchases(60, 60) })
    await killRun(shop, 30)
    await loseJournal(shop)
    shop.adjust.setFaults({})
    await runWithMoreAndMoreAppends(shop)
    expect(await logged(shop, 'lost')).toHaveLength(1)
    const { delivered = 0, in_doubt = 0 } = await shop.statusCounts()
    expect({ total: delivered + in_doubt, twice: shop.adjust.summary().countedTwice }).toEqual({
      total: 60,
      twice: [],
    })
  })

  it('knows the earlier one by its journal until that is said in the log of runs', async () => {
    const shop = await slowShop({ purchases: manyPurchases(60, 60) })
    await killRun(shop, 30)
    shop.adjust.setFaults({})
    await runWithMoreAndMoreAppends(shop)
    expect(await logged(shop, 'lost')).toEqual([])
    expect((await shop.statusCounts()).in_doubt ?? 0).toBeLessThanOrEqual(16)
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [] })
  })
})

describe('the mark up to which a run sends', () => {
  it('is in the warehouse before any request beyond it is at Adjust', async () => {
    const purchases = manyPurchases(7_000, 7_000)
    const shop = await openShop({ purchases })
    const microsOf = new Map(
      purchases.map((row) => [row.transaction_id, Date.parse(row.occurred_at!) * 1000]),
    )
    const marks: number[] = []
    const sentBeyond = () =>
      shop.adjust
        .truth()
        .filter(({ transactionId }) => !(microsOf.get(transactionId!)! <= (marks.at(-1) ?? 0)))
    const summary = await runWatched(shop, 'run-1', async (table, [row], append) => {
      const isClaim = table === 's2s_runs' && row!.event === 'claim'
      if (isClaim) {
        // Long enough that a run that does not wait would send meanwhile.
        await new Promise((resolve) => systemClock.after(50, () => resolve(null)))
        expect(sentBeyond()).toEqual([])
      }
      await append()
      if (isClaim) marks.push((row!.claim_to as { timestampMicros: number }).timestampMicros)
    })
    expect(summary.counts.delivered).toBe(7_000)
    expect(sentBeyond()).toEqual([])
    expect(marks.length).toBeGreaterThan(2)
    expect(marks.length).toBeLessThan(7)
    expect(marks).toEqual(marks.toSorted((a, b) => a - b))
    expect(marks.at(-1)).toBe(Math.max(...microsOf.values()))
  })
})

type OnAppend = (table: string, rows: TableRow[], append: () => Promise<void>) => Promise<void>

function watchAppends(warehouse: Warehouse, onAppend: OnAppend): Warehouse {
  return new Proxy(warehouse, {
    get: (target, name) => {
      if (name === 'append') {
        return (table: string, rows: TableRow[]) => onAppend(table, rows, () => target.append(table, rows))
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
