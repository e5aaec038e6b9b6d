import { MS_PER_HOUR } from '../domain/durations.ts'
import type { EarlierOutcome, SourceRow } from '../domain/event.ts'
import type { InDoubtPolicy } from '../domain/policy.ts'
import { REASONS, type Reason } from '../domain/reason.ts'
import { isFault } from './fault.ts'
import { readRevenue } from './revenue.ts'
import type { TransformRules } from './rules.ts'

/**
 * How long an unknown outcome is left alone before the same event may go out again: Adjust, or a gateway
 * before it, can still be working on the first request long after the connection is gone.
 */
export const IN_DOUBT_QUIET_MS = 15 * 60_000

/** What to do with an event whose outcome is unknown; `reason` is why it is unknown. */
export interface InDoubtDecision {
  action: 'abandon' | 'skip' | 'hold' | 'resend'
  reason: Reason
  /** Its time for evidence is over: what cannot be sent again is given up. */
  isOverdue: boolean
}

/**
 * Decides by the policy of the event's class and the age of its unknown outcome; null when nothing is
 * unknown.
 */
export function decideInDoubt(row: SourceRow, rules: TransformRules, nowMs: number): InDoubtDecision | null {
  const { earlier } = row
  if (earlier?.status !== 'in_doubt') return null
  const policy = rules.resend === 'all' ? 'resend' : rules.inDoubt[hasRevenue(row) ? 'revenue' : 'other']
  const ageMs = nowMs - earlier.settledAtMs
  const isOverdue = ageMs >= rules.inDoubtHoldHours * MS_PER_HOUR
  return { action: decideAction(policy, ageMs, isOverdue), reason: reasonOf(earlier), isOverdue }
}

function decideAction(policy: InDoubtPolicy, ageMs: number, isOverdue: boolean): InDoubtDecision['action'] {
  if (policy === 'resend') return ageMs >= IN_DOUBT_QUIET_MS ? 'resend' : 'hold'
  return isOverdue ? 'abandon' : policy
}

/** Revenue that cannot be read counts as revenue: what is at stake is then not known to be nothing. */
function hasRevenue(row: SourceRow): boolean {
  if (row.revenue === null) return false
  const revenue = readRevenue(row.revenue)
  return isFault(revenue) || revenue.amount !== null
}

/**
 * A reason that this version does not know says as much as a process that died: somebody sent it, nobody
 * knows more.
 */
function reasonOf(earlier: EarlierOutcome): Reason {
  return isInDoubtReason(earlier.reason) ? earlier.reason : 'process_died'
}

function isInDoubtReason(reason: string): reason is Reason {
  return Object.hasOwn(REASONS, reason) && REASONS[reason as Reason].status === 'in_doubt'
}
