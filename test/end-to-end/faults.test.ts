import { describe, expect, it } from 'vitest'
import { manyPurchases, openShop, type Purchase, type Shop } from './shop.ts'

/** Runs until everything is delivered; the answer is how many runs it took. */
async function runUntilDelivered(shop: Shop, purchaseCount: number): Promise<number> {
  for (let runs = 1; runs <= 6; runs++) {
    const { code } = await shop.command('run', '--json')
    expect([0, 75]).toContain(code)
    if ((await shop.statusCounts()).delivered === purchaseCount) return runs
  }
  throw new Error(`six runs left this: ${JSON.stringify(await shop.statusCounts())}`)
}

describe('faults that say what became of the event', () => {
  it('cost time and requests; a run and its follow-ups deliver everything once and in order', async () => {
    const shop = await openShop({
      purchases: manyPurchases(2_500, 300),
      faults: {
        too_many_requests: { probability: 0.05, retry_after_seconds: 0 },
        internal_error: 0.05,
        slow_answer: { probability: 0.05, delay_ms: 150 },
        // Five percent of the time, in a rhythm that is not that of the sender's own pauses (1, 2, 4 … seconds).
        refuse_connections: { every_ms: 1_700, for_ms: 85, first_after_ms: 150 },
      },
    })
    await runUntilDelivered(shop, 2_500)
    const truth = shop.adjust.summary()
    expect(truth).toMatchObject({ counted: 2_500, countedTwice: [], outOfOrder: [], violations: {} })
    for (const fault of ['too_many_requests', 'internal_error', 'slow_answer']) {
      expect(truth.faults[fault], fault).toBeGreaterThan(50)
    }
    const statuses = await shop.sql('SELECT DISTINCT status FROM s2s_latest')
    expect(statuses).toEqual([{ status: 'delivered' }])
  })
})

const AMBIGUOUS = [
  'reset_before_reading',
  'reset_after_accepting',
  'no_answer',
  'gateway_error',
  'garbage_body',
]

describe('faults after which nobody knows whether the event was counted', () => {
  it('leave exactly their events in doubt and the followers waiting; nothing is sent twice or out of order', async () => {
    const purchases = manyPurchases(1_500, 400)
    const shop = await openShop({
      purchases,
      delivery: { timeout_ms: 400 },
      faults: Object.fromEntries(AMBIGUOUS.map((fault) => [fault, 0.01])),
    })
    await shop.run(0)
    const struck = shop.adjust.truth().filter(({ fault }) => fault !== null)
    expect(new Set(struck.map(({ fault }) => fault))).toEqual(new Set(AMBIGUOUS))
    const audit = await shop.audit()
    const idsOf = (status: string) =>
      Object.values(audit).flatMap((row) => (row.status === status ? row.transaction_id : []))
    // A request that was reset before it was read left no name in the truth log; it is known by what is missing there.
    const readByAdjust = new Set(shop.adjust.truth().map(({ transactionId }) => transactionId))
    const named = struck.flatMap(({ transactionId }) => transactionId ?? [])
    const unread = idsOf('in_doubt').filter((id) => !readByAdjust.has(id))
    expect(unread).toHaveLength(struck.length - named.length)
    expect(new Set(idsOf('in_doubt'))).toEqual(new Set([...named, ...unread]))
    expect(new Set(idsOf('deferred'))).toEqual(followers(purchases, new Set(idsOf('in_doubt'))))
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [], outOfOrder: [] })

    // The next run waits for evidence: it sends nothing.
    const requests = shop.adjust.truth().length
    await shop.run(0)
    expect(shop.adjust.truth()).toHaveLength(requests)

    // At most once: what is in doubt stays so, the followers go, and no fault can make an event count twice.
    await shop.configure({ delivery: { in_doubt: { revenue: 'skip', other: 'skip' } } })
    shop.adjust.setFaults({})
    await shop.run(0)
    const { in_doubt, delivered } = await shop.statusCounts()
    expect({ in_doubt, delivered }).toEqual({ in_doubt: struck.length, delivered: 1_500 - struck.length })
    expect(shop.adjust.summary()).toMatchObject({ countedTwice: [], outOfOrder: [] })
  })
})

/** Events that come after an unsettled one of the same device, with the same token or both with revenue: Adjust's own rule. */
function followers(purchases: readonly Purchase[], inDoubt: ReadonlySet<string>): Set<string> {
  const blocked = new Set<string>()
  const waiting = new Set<string>()
  for (const { transaction_id: id, gps_adid, event_token, revenue } of purchases) {
    const keys = [`${gps_adid} ${event_token}`, ...(revenue === null ? [] : [`${gps_adid} revenue`])]
    const waits = keys.some((key) => blocked.has(key))
    if (waits) waiting.add(id!)
    if (waits || inDoubt.has(id!)) for (const key of keys) blocked.add(key)
  }
  return waiting
}
