import type { CheckSettings } from './check.ts'
import type { LatestRow, Witnesses } from './witnesses.ts'

/** Every good row of a shop ends so; nothing else may become of it. */
const SETTLED = new Set(['delivered', 'in_doubt', 'abandoned'])

/** Each source row has one latest settlement, and it says what Adjust says. */
export function findLost({ purchases, truth, latest }: Witnesses, { losesJournal }: CheckSettings): string[] {
  const rows = Map.groupBy(latest, ({ id }) => id)
  const counted = new Set(truth.flatMap((entry) => (entry.counted ? (entry.transactionId ?? []) : [])))
  return purchases.flatMap(({ id }) => {
    const [row, ...others] = rows.get(id) ?? []
    if (row === undefined) return `${id}: no settlement`
    if (others.length > 0) return `${id}: ${others.length + 1} latest settlements`
    // Where no journal is ever lost, whoever says so has overlooked one.
    if (row.reason === 'journal_lost' && !losesJournal) return `${id}: in doubt for a lost journal`
    return untrue(row, counted.has(id)) ?? []
  })
}

function untrue({ id, status, reason }: LatestRow, isCounted: boolean): string | null {
  if (status === 'delivered') return isCounted ? null : `${id}: delivered, but not counted by Adjust`
  // What waits is looked at apart, see `progress.ts`; but Adjust must not have it.
  if (SETTLED.has(status) || (status === 'deferred' && !isCounted)) return null
  return `${id}: ${isCounted ? 'counted by Adjust, but ' : ''}${status} (${reason})`
}
