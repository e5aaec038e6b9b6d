import type { QueryValue } from './warehouse.ts'

/** Epoch milliseconds as the warehouse takes an instant, to the microsecond. */
export function instant(ms: number): { timestampMicros: number } {
  return { timestampMicros: Math.round(ms * 1000) }
}

/** Epoch milliseconds of a column of microseconds; null for NULL. */
export function millis(micros: QueryValue | undefined): number | null {
  return typeof micros === 'number' ? micros / 1000 : null
}
