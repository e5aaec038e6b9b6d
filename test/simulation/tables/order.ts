import { compareCodePoints } from '../../../src/extract/order-check.ts'
import type { AuditRecord } from './records.ts'

/**
 * The newest row of a transaction first: delivered once is delivered for good, then the last request counts, then an outcome before
 * a wait, and only then the clock.
 */
export function latestFirst(a: AuditRecord, b: AuditRecord): number {
  return (
    Number(b.status === 'delivered') - Number(a.status === 'delivered') ||
    b.attempt - a.attempt ||
    Number(a.isMereWait) - Number(b.isMereWait) ||
    b.settledAt - a.settledAt ||
    compareCodePoints(b.auditId, a.auditId)
  )
}

/** The first of rows in any order; `compare` is negative where its first argument stands before the second. */
export function firstOf<T>(rows: Iterable<T>, compare: (a: T, b: T) => number): T | undefined {
  let first: T | undefined
  for (const row of rows) if (first === undefined || compare(row, first) < 0) first = row
  return first
}

/** NULL is before everything else. */
export function compareText(a: string | null, b: string | null): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? -1 : 1
  return compareCodePoints(a, b)
}

/** NULL is before everything else. */
export function compareWhole(a: number | null, b: number | null): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null)
  return a - b
}
