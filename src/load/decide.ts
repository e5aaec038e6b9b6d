import type { InDoubtPolicy } from '../domain/policy.ts'
import type { Reason } from '../domain/reason.ts'
import type { Status } from '../domain/settlement.ts'
import type { Finding } from './classify.ts'

/** What happens to an event after an answer. */
export type Decision =
  /** Later events of the device may go. */
  | { kind: 'settle'; status: Status; reason: Reason }
  /** Not settled in this run: later events of the device wait for another one. */
  | { kind: 'hold'; status: 'in_doubt' | 'deferred'; reason: Reason }
  | { kind: 'retry'; reason: Reason; retryAfterMs: number | null }

export interface Circumstances {
  inDoubtPolicy: InDoubtPolicy
  /** Adjust has not known the device for longer than the configured days. */
  isUnknownTooLong: boolean
  /** Errors worth a retry that Adjust has answered for this event in this run, this one included. */
  failures: number
  maxAttempts: number
  /** Why the run sends nothing more; null while it does. */
  stopped: Reason | null
  /** Takes one retry out of the quota; false when there is none left. */
  spendRetry: () => boolean
}

/** What becomes of an event, from what the answer said and the circumstances of the run. */
export function decide(finding: Finding, circumstances: Circumstances): Decision {
  switch (finding.kind) {
    case 'settled':
      return { kind: 'settle', status: finding.status, reason: finding.reason }
    case 'deferred':
      return { kind: 'hold', status: 'deferred', reason: finding.reason }
    case 'device_not_found':
      if (circumstances.isUnknownTooLong)
        return { kind: 'settle', status: 'rejected', reason: 'device_not_found_too_long' }
      return { kind: 'hold', status: 'deferred', reason: 'device_not_found' }
    case 'in_doubt':
      // At most once: it is never sent again, and nothing waits for it.
      if (circumstances.inDoubtPolicy === 'skip')
        return { kind: 'settle', status: 'in_doubt', reason: finding.reason }
      return { kind: 'hold', status: 'in_doubt', reason: finding.reason }
    case 'retry':
      return decideRetry(finding, circumstances)
  }
}

function decideRetry(finding: Extract<Finding, { kind: 'retry' }>, circumstances: Circumstances): Decision {
  const { failures, maxAttempts, stopped, spendRetry } = circumstances
  const defer = (reason: Reason): Decision => ({ kind: 'hold', status: 'deferred', reason })
  if (stopped !== null) return defer(stopped)
  if (failures >= maxAttempts) return defer('retries_exhausted')
  // Without a connection nothing reached Adjust; how long that may go on is the whole run's question (`Availability`).
  if (finding.reason !== 'not_sent' && !spendRetry()) return defer('retry_quota_spent')
  return { kind: 'retry', reason: finding.reason, retryAfterMs: finding.retryAfterMs }
}
