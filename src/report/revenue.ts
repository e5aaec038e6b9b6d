import { STATUSES, type Status } from '../domain/settlement.ts'
import { sumDecimals } from './decimal.ts'
import type { Revenue } from './report-data.ts'

/** Revenue of events of one status and currency. */
export interface StatusAmount {
  status: Status
  currency: string | null
  events: number
  /** Exact decimal text. */
  amount: string
}

type Standing = 'delivered' | 'still_coming' | 'unknown' | 'lost'

/**
 * What a status means for the revenue of its events. A duplicate is no loss and no gain: Adjust has counted it before, or it is sent
 * with the first of the rows that share its id.
 */
const STANDINGS: Record<Status, Standing | null> = {
  delivered: 'delivered',
  duplicate: null,
  rejected: 'lost',
  invalid: 'lost',
  expired: 'lost',
  late: 'lost',
  suppressed: 'lost',
  abandoned: 'unknown',
  in_doubt: 'unknown',
  deferred: 'still_coming',
}

/** By currency, the largest number of events first. */
export function revenueOf(amounts: readonly StatusAmount[]): Revenue[] {
  const groups = Map.groupBy(amounts, ({ currency }) => currency?.toUpperCase() ?? null)
  const events = ({ by_status }: Revenue) => by_status.reduce((sum, entry) => sum + entry.events, 0)
  return [...groups]
    .map(([currency, group]) => revenueIn(currency, group))
    .sort((one, other) => events(other) - events(one))
}

function revenueIn(currency: string | null, amounts: readonly StatusAmount[]): Revenue {
  const sumOf = (standing: Standing) =>
    sumDecimals(amounts.filter(({ status }) => STANDINGS[status] === standing).map(({ amount }) => amount))
  return {
    currency,
    delivered: sumOf('delivered'),
    still_coming: sumOf('still_coming'),
    unknown: sumOf('unknown'),
    lost: sumOf('lost'),
    by_status: STATUSES.flatMap((status) => {
      const ofStatus = amounts.filter((entry) => entry.status === status)
      if (ofStatus.length === 0) return []
      const events = ofStatus.reduce((sum, entry) => sum + entry.events, 0)
      return [{ status, events, amount: sumDecimals(ofStatus.map(({ amount }) => amount)) }]
    }),
  }
}
