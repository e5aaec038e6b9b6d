import type { Violation } from './check.ts'
import { type SourcePurchase, scopesOf, type Witnesses } from './witnesses.ts'

/**
 * What is open although nothing holds it: in doubt is what nobody knows, and deferred may only be what comes after an event that is held,
 * on the same device and with the same token, or with revenue.
 */
export function findStuck(
  { purchases, latest }: Witnesses,
  isHeld: (row: SourcePurchase) => boolean,
): Violation[] {
  const rows = new Map(latest.map((row) => [row.id, row]))
  const blocked = new Set<string>()
  return purchases.flatMap((purchase) => {
    const { status, reason } = rows.get(purchase.id) ?? { status: 'unsettled', reason: 'no row' }
    const keys = scopesOf(purchase).map((scope) => `${purchase.device} ${scope}`)
    const waits = keys.some((key) => blocked.has(key))
    const holds = status === 'deferred' || (status === 'in_doubt' && isHeld(purchase))
    if (holds) for (const key of keys) blocked.add(key)
    const isOpen = status === 'deferred' || status === 'unsettled'
    return isOpen && !waits ? { rule: 'stuck', what: `${purchase.id}: ${status} (${reason})` } : []
  })
}
