import type { TruthEntry } from '../../../src/simulator/truth-log.ts'

/**
 * Counted more than once; or, stricter, sent again although the request before may have been counted: it met neither a 429 nor Adjust's
 * own error.
 */
export function findTwice(truth: readonly TruthEntry[]): string[] {
  const requests = Map.groupBy(truth, ({ transactionId }) => transactionId)
  return [...requests].flatMap(([id, entries]) => {
    // A request that was broken before it was read left no name.
    if (id === null) return []
    const times = entries.filter(({ counted }) => counted).length
    if (times > 1) return `${id}: counted ${times} times`
    return entries.slice(0, -1).every(isRefused) ? [] : `${id}: sent again after an unknown outcome`
  })
}

function isRefused({ answer, fault }: TruthEntry): boolean {
  return fault === 'too_many_requests' || (fault === 'internal_error' && answer?.status === 500)
}
