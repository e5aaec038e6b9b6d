import type { EventKind } from './event.ts'

/** Adjust's own limit for ad revenue, whatever the setting for events. */
const AD_REVENUE_MAX_AGE_DAYS = 28

/** How old an event of this kind may be when it is sent; `maxAgeDays` is the setting. */
export function maxAgeDaysOf(kind: EventKind | null, maxAgeDays: number): number {
  return kind === 'ad_revenue' ? Math.min(AD_REVENUE_MAX_AGE_DAYS, maxAgeDays) : maxAgeDays
}
