import type { QueryValue } from './warehouse.ts'

/** The first and the last instant that every warehouse knows, epoch milliseconds: for a window that has no end. */
export const FIRST_INSTANT_MS = Date.parse('0001-01-01T00:00:00Z')
export const LAST_INSTANT_MS = Date.parse('9999-12-31T00:00:00Z')

/** Epoch milliseconds as the warehouse takes an instant, to the microsecond. */
export function instant(ms: number): { timestampMicros: number } {
  return { timestampMicros: Math.round(ms * 1000) }
}

/** Epoch milliseconds of a column of microseconds; null for NULL. */
export function millis(micros: QueryValue | undefined): number | null {
  return typeof micros === 'number' ? micros / 1000 : null
}
