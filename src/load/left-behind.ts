import type { AuditRow } from '../domain/settlement.ts'
import type { JournalledRequest } from './journal.ts'

/**
 * The audit rows of the requests that an earlier process left in its journal. One without an outcome is in doubt: its process died
 * between the durable intent and the answer, so Adjust may or may not have it.
 */
export function leftBehind(requests: readonly JournalledRequest[], nowMs: number): AuditRow[] {
  return requests.map(({ intent, outcome }) => ({
    ...intent,
    ...(outcome ?? diedInFlight(intent.warnings, nowMs)),
  }))
}

function diedInFlight(warnings: string[], nowMs: number) {
  return {
    status: 'in_doubt',
    reason: 'process_died',
    httpStatus: null,
    message: 'the process ended before the answer came',
    settledAtMs: nowMs,
    latencyMs: null,
    warnings,
  } as const
}
