import { writeFile } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readSettlement } from '../../src/audit/resolution.ts'
import { loadConfig } from '../../src/config.ts'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { TransientError } from '../../src/domain/errors.ts'
import { Lease } from '../../src/lease/lease.ts'
import { resolveJob } from '../../src/resolve-job.ts'
import type { FaultPlan } from '../../src/simulator/fault-plan.ts'
import { openWarehouse } from '../../src/warehouse/open-warehouse.ts'
import { manyPurchases, minutesAgo, openShop, purchase, type Shop, uuid } from './shop.ts'

/** The first request is answered by a gateway; whether Adjust has it is for the test to say. */
const firstInDoubt = (counted: 0 | 1): FaultPlan => ({ gateway_error: { first: 1, counted } })

/** Three purchases of one device, after a run that left the first in doubt: the others wait for it. */
async function shopInDoubt(counted: 0 | 1): Promise<Shop> {
  const device = { gps_adid: uuid(1) }
  const shop = await openShop({
    purchases: [180, 120, 60].map((minutes, index) =>
      purchase(`t${index + 1}`, { ...device, occurred_at: minutesAgo(minutes) }),
    ),
    faults: firstInDoubt(counted),
  })
  await shop.run(0)
  expect(await shop.outcomes()).toEqual({
    t1: 'in_doubt undocumented_answer',
    t2: 'deferred waits_for_earlier',
    t3: 'deferred waits_for_earlier',
  })
  return shop
}

/** Many devices with a purchase each: every third is in doubt and, as Adjust sees it, was not counted; the others are delivered. */
async function manyInDoubt(count: number): Promise<Shop> {
  const requests = Array.from({ length: count }, (_, index) => 3 * index + 1)
  const shop = await openShop({
    purchases: manyPurchases(3 * count, 3 * count),
    faults: { gateway_error: { requests, counted: 0 } },
  })
  await shop.run(0)
  expect(await shop.statusCounts()).toEqual({ in_doubt: count, delivered: 2 * count })
  shop.adjust.setFaults({})
  return shop
}

async function idsInDoubt(shop: Shop): Promise<string[]> {
  return Object.values(await shop.audit()).flatMap((row) =>
    row.status === 'in_doubt' ? row.transaction_id : [],
  )
}

const IN_DOUBT_RUN = "SELECT DISTINCT run_id FROM s2s_audit WHERE status = 'in_doubt'"

const requestsFor = (shop: Shop, id: string) =>
  shop.adjust.truth().filter(({ transactionId }) => transactionId === id).length

const auditRows = async (shop: Shop) => (await shop.sql('SELECT audit_id FROM s2s_audit')).length

describe('an event in doubt that a person resolves', () => {
  it('is sent once more by the next run when it was not delivered, and those that waited go after it', async () => {
    const shop = await shopInDoubt(0)
    const resolved = await shop.command('resolve', 't1', '--as', 'not-delivered', '--reason', 'not there')
    expect(resolved, resolved.stderr).toMatchObject({ code: 0 })
    await shop.run(0)
    expect(shop.counted()).toEqual(['t1', 't2', 't3'])
    expect(requestsFor(shop, 't1')).toBe(2)
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [], outOfOrder: [], violations: {} })
    expect(await shop.statusCounts()).toEqual({ delivered: 3 })
    expect((await shop.run(0)).summary.counts.read).toBe(0)
  })

  it('is never sent again when it was delivered, and those that waited go', async () => {
    const shop = await shopInDoubt(1)
    const resolved = await shop.command('resolve', 't1', '--as', 'delivered', '--reason', 'in the export')
    expect(resolved, resolved.stderr).toMatchObject({ code: 0 })
    await shop.run(0)
    expect(shop.counted()).toEqual(['t1', 't2', 't3'])
    expect(requestsFor(shop, 't1')).toBe(1)
    expect(await shop.outcomes()).toMatchObject({ t1: 'delivered resolved_delivered', t3: 'delivered ok' })
  })

  it('is never sent again when it is abandoned, and those that waited go', async () => {
    const shop = await shopInDoubt(0)
    await shop.command('resolve', 't1', '--as', 'abandoned', '--reason', 'too small to search for')
    await shop.run(0)
    expect(shop.counted()).toEqual(['t2', 't3'])
    expect(requestsFor(shop, 't1')).toBe(1)
    expect(await shop.outcomes()).toMatchObject({ t1: 'abandoned resolved_abandoned' })
  })

  it('tells in its story who said so, and why', async () => {
    const shop = await shopInDoubt(1)
    await shop.command('resolve', 't1', '--as', 'delivered', '--reason', 'in the export', '--by', 'ana')
    const { stdout } = await shop.command('explain', 't1')
    expect(stdout).toMatch(/delivered: Its outcome was unknown, and a person has said that Adjust counted it/)
    expect(stdout).toMatch(
      /in_doubt +undocumented_answer[\s\S]*delivered +resolved_delivered.*ana: in the export/,
    )
  })

  it('keeps what is known of the event, so that an earlier one that comes later is late', async () => {
    const shop = await shopInDoubt(1)
    // As a day later: nobody has looked, and the run gives it up.
    await shop.sql(
      "UPDATE s2s_audit SET settled_at = settled_at - INTERVAL 25 HOUR WHERE status = 'in_doubt'",
    )
    await shop.sql("DELETE FROM purchases WHERE transaction_id <> 't1'")
    await shop.run(0)
    expect(await shop.outcomes()).toMatchObject({ t1: 'abandoned in_doubt_too_long' })
    const resolved = await shop.command('resolve', 't1', '--as', 'delivered', '--reason', 'found')
    expect(resolved.code, resolved.stderr).toBe(0)
    const [{ told } = {}] = await shop.sql(`
      SELECT count(*) = 1 AS told FROM s2s_audit AS said JOIN s2s_audit AS doubt USING (
        transaction_id, attempt, kind, app_token, event_token, device, device_names, occurred_at, revenue, currency)
      WHERE said.reason = 'resolved_delivered' AND doubt.status = 'in_doubt'
        AND said.http_status IS NULL AND said.sent_at IS NULL AND said.latency_ms IS NULL`)
    expect(told).toBe(true)
    await shop.sell([purchase('t0', { gps_adid: uuid(1), occurred_at: minutesAgo(200) })])
    await shop.run(0)
    expect(await shop.outcomes()).toMatchObject({ t0: 'late later_event_delivered' })
  })
})

describe('what cannot be resolved', () => {
  it('is left with the reason why; the others are done, and the command ends with 2', async () => {
    const shop = await shopInDoubt(1)
    await shop.sell([purchase('other')])
    await shop.run(0)
    const ids = ['other', 't2', 'nobody', 't1']
    const resolved = await shop.command('resolve', ...ids, '--as', 'delivered', '--reason', 'found')
    expect(resolved.code).toBe(2)
    expect(resolved.stdout).toMatch(/1 resolved\n +t1 /)
    expect(resolved.stdout).toMatch(/3 left as it was\n/)
    expect(resolved.stdout).toMatch(/other +it is delivered \(ok\), and delivered is for good/)
    expect(resolved.stdout).toMatch(/t2 +it is deferred \(waits_for_in_doubt\), not in doubt/)
    expect(resolved.stdout).toMatch(/nobody +the audit table does not know it/)
    expect(await shop.outcomes()).toMatchObject({
      other: 'delivered ok',
      t1: 'delivered resolved_delivered',
      t2: 'deferred waits_for_in_doubt',
    })
  })

  it('is what has been sent since, and what was said to be delivered', async () => {
    const shop = await shopInDoubt(0)
    const say = (outcome: string) =>
      shop.command('resolve', 't1', '--as', outcome, '--reason', `said ${outcome}`, '--json')
    // Whoever erred may say otherwise, as long as nothing was done on the word.
    expect((await say('not-delivered')).code).toBe(0)
    expect((await say('abandoned')).code).toBe(0)
    expect((await say('not-delivered')).code).toBe(0)
    expect(await shop.outcomes()).toMatchObject({ t1: 'deferred resolved_not_delivered' })
    await shop.run(0)
    const rows = await auditRows(shop)
    expect((await say('abandoned')).code).toBe(2)
    expect(await auditRows(shop)).toBe(rows)
    expect(await shop.outcomes()).toMatchObject({ t1: 'delivered ok' })
  })
})

describe('a mass change', () => {
  it('by run waits for the command that it prints, does as it says, and changes nothing when it is given again', async () => {
    const shop = await manyInDoubt(40)
    await shop.sell([purchase('later')])
    const { run_id: runId } = (await shop.run(0)).summary
    expect((await shop.command('resolve', '--run', runId, '--as', 'delivered', '--reason', 'x')).code).toBe(2)

    const [first] = await shop.sql<{ run_id: string }>(IN_DOUBT_RUN)
    const rows = await auditRows(shop)
    const words = [
      'resolve',
      '--run',
      first!.run_id,
      '--as',
      'not-delivered',
      '--reason',
      "the gateway's log",
    ]
    const asked = await shop.command(...words, '--by', 'ana')
    expect(asked.code).toBe(2)
    expect(asked.stdout).toMatch(/^40 would be resolved\n[\s\S]*… and 20 more\n[\s\S]*Nothing was written/)
    const typed = /npx adjust-s2s (resolve .*)$/m.exec(asked.stderr)![1]!
    expect(typed).toBe(
      `resolve --run ${first!.run_id} --as not-delivered --reason 'the gateway'\\''s log' --by ana --confirm 40`,
    )
    expect((await shop.command(...words, '--confirm', '39')).code).toBe(2)
    expect((await shop.command(...words, '--dry-run')).code).toBe(0)
    expect(await auditRows(shop)).toBe(rows)

    const done = await shop.command(...words, '--by', 'ana', '--confirm', '40')
    expect(done, done.stderr).toMatchObject({ code: 0 })
    expect(await auditRows(shop)).toBe(rows + 40)
    const again = await shop.command(...words, '--confirm', '40', '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({
      counts: { change: 0, unchanged: 40, refused: 0 },
      exit_code: 0,
    })
    expect(await auditRows(shop)).toBe(rows + 40)

    await shop.run(0)
    expect(await shop.statusCounts()).toEqual({ delivered: 121 })
    expect(shop.adjust.summary()).toMatchObject({ counted: 121, countedTwice: [], outOfOrder: [] })
  })

  it('can be taken back by the run id that it printed', async () => {
    const shop = await manyInDoubt(12)
    const [first] = await shop.sql<{ run_id: string }>(IN_DOUBT_RUN)
    const words = ['--reason', 'all of it', '--confirm', '12', '--json']
    const wrong = await shop.command('resolve', '--run', first!.run_id, '--as', 'not-delivered', ...words)
    const { run_id: runId } = JSON.parse(wrong.stdout)
    expect((await shop.command('resolve', '--run', runId, '--as', 'abandoned', ...words)).code).toBe(0)
    await shop.run(0)
    expect(await shop.statusCounts()).toEqual({ abandoned: 12, delivered: 24 })
    expect(shop.adjust.summary()).toMatchObject({ requests: 36, counted: 24 })
  })

  it('by file says of each line what became of it, lists what it leaves, and does the rest', async () => {
    const shop = await manyInDoubt(30)
    const ids = await idsInDoubt(shop)
    const lines = ids.map((id, index) => `"${id}",${index % 2 === 0 ? 'delivered' : ''},`)
    await writeFile(
      shop.path('ids.csv'),
      ['transaction_id,as,reason', ...lines, 'nobody,,"why, indeed"'].join('\n'),
    )
    const words = [
      'resolve',
      '--file',
      'ids.csv',
      '--as',
      'abandoned',
      '--reason',
      'checked by hand',
      '--json',
    ]
    const asked = JSON.parse((await shop.command(...words)).stdout)
    expect(asked).toMatchObject({
      written: false,
      run_id: null,
      counts: { change: 30, refused: 1 },
      exit_code: 2,
    })
    const done = await shop.command(...words, '--confirm', '30')
    expect(done.code).toBe(2)
    expect(JSON.parse(done.stdout)).toMatchObject({ written: true, counts: { change: 30, refused: 1 } })
    expect(await shop.statusCounts()).toEqual({ delivered: 75, abandoned: 15 })
  })
})

const CLAIMS = [{ transactionId: 't1', verdict: 'delivered', why: 'x' }] as const

/** A shop whose warehouse several processes can open, as BigQuery is, and a resolution of t1 in this process. */
async function sharedShop() {
  const shop = await shopInDoubt(0)
  const config = await loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} })
  const warehouse = await openWarehouse(config)
  onTestFinished(() => warehouse.close())
  Object.defineProperty(warehouse, 'isExclusive', { value: undefined })
  const job = { config, warehouse, runId: 'resolution-1', claims: CLAIMS, by: 'ana' }
  const resolve = (clock: Clock = systemClock) =>
    resolveJob({ ...job, write: { expectedChanges: null }, machine: { clock, host: 'here', pid: 1 } })
  return { config, warehouse, resolve }
}

describe('a resolution while somebody sends', () => {
  it('ends with 75 in a DuckDB file that a run has open, and names it', async () => {
    const shop = await shopInDoubt(0)
    await shop.command('resolve', 't1', '--as', 'delivered', '--reason', 'x')
    await shop.configure({ delivery: { timeout_ms: 60_000 } })
    shop.adjust.setFaults({ no_answer: 1 })
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(2)
    const resolved = await shop.command('resolve', 't2', '--as', 'delivered', '--reason', 'x')
    expect(resolved).toMatchObject({ code: 75, stderr: expect.stringContaining(String(child.pid)) })
    child.kill('SIGKILL')
    await ended
  })

  it('that is told to end writes no more and gives the lease back', async () => {
    const { config, warehouse, resolve } = await sharedShop()
    const stop = new AbortController()
    stop.abort(new TransientError('SIGTERM: stopped before the end'))
    const told = { config, warehouse, runId: 'told-to-end', claims: CLAIMS, by: 'ana', signal: stop.signal }
    const error = await resolveJob({ ...told, write: { expectedChanges: null } }).catch((thrown) => thrown)
    expect(error).toMatchObject({ exitCode: 75 })
    expect(await readSettlement(warehouse, 't1')).toMatchObject({ status: 'in_doubt' })
    expect(await resolve()).toMatchObject({ isWritten: true })
  })

  it('names the holder of the lease where both can open the warehouse, and writes nothing', async () => {
    const { config, warehouse, resolve } = await sharedShop()
    const parts = { warehouse, clock: systemClock, shard: '0/1', requestTimeoutMs: 1000, isAlone: false }
    const holder = { runId: 'run-that-sends', host: 'worker-7', pid: 12 }
    const lease = await Lease.take({ ...parts, holder })
    const refused = await resolve().catch((error) => error)
    expect(refused).toMatchObject({ exitCode: 75, message: expect.stringContaining('run-that-sends') })
    expect(await readSettlement(warehouse, 't1')).toMatchObject({ status: 'in_doubt' })
    // A look takes no lease.
    const looked = await resolveJob({
      config,
      warehouse,
      runId: 'r',
      claims: CLAIMS,
      by: 'ana',
      write: false,
    })
    expect(looked).toMatchObject({ isWritten: false, judgements: [{ kind: 'change' }] })
    await lease.release()
    expect(await resolve()).toMatchObject({ isWritten: true })
    const after = await Lease.take({ ...parts, holder })
    await after.release()
  })

  it('writes nothing when it was paused for longer than its lease: a run may be sending by then', async () => {
    const { warehouse, resolve } = await sharedShop()
    let pausedMs = 0
    const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + pausedMs }
    const { query } = warehouse
    warehouse.query = (sql, options) => {
      if (options?.name === 'sql/settlement.sql') pausedMs = 5 * 60_000
      return query.call(warehouse, sql, options)
    }
    const refused = await resolve(clock).catch((error) => error)
    expect(refused).toMatchObject({ exitCode: 75, message: expect.stringContaining('lease was lost') })
    expect(await readSettlement(warehouse, 't1')).toMatchObject({ status: 'in_doubt' })
  })

  it('warns of a run that was killed: what that one had in flight is not in the audit table yet', async () => {
    const shop = await shopInDoubt(0)
    await shop.command('resolve', 't1', '--as', 'delivered', '--reason', 'x')
    shop.adjust.setFaults({ no_answer: 1 })
    const { child, ended } = await shop.start('run', '--json')
    await shop.untilAdjustHas(2)
    child.kill('SIGKILL')
    await ended
    const resolved = await shop.command('resolve', 't2', '--as', 'delivered', '--reason', 'x')
    expect(resolved.code).toBe(2)
    expect(resolved.stderr).toMatch(/warning: run \S+ of .* ended early/)
    shop.adjust.setFaults({})
    await shop.run(0)
    expect(await shop.outcomes()).toMatchObject({ t2: 'in_doubt process_died' })
    const [died] = await shop.sql<{ run_id: string }>(
      "SELECT run_id FROM s2s_latest WHERE transaction_id = 't2'",
    )
    const words = ['resolve', '--run', died!.run_id, '--as', 'delivered', '--reason', 'x', '--confirm', '1']
    expect(await shop.command(...words)).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('what a person is told', () => {
  it('of an event that is too old to be sent, and of one that was only just sent', async () => {
    const shop = await shopInDoubt(0)
    const words = ['resolve', 't1', '--as', 'not-delivered', '--reason', 'x', '--dry-run']
    expect((await shop.command(...words)).stderr).toMatch(/warning: t1: asked for less than 15 minutes ago/)
    await shop.sql('UPDATE s2s_audit SET settled_at = settled_at - INTERVAL 1 HOUR')
    expect((await shop.command(...words)).stderr).toBe('')
    await shop.sql('UPDATE s2s_audit SET occurred_at = occurred_at - INTERVAL 58 DAY')
    expect((await shop.command(...words)).stderr).toMatch(/warning: t1: older than delivery.max_age_days/)
  })
})
