import { GIVEN_UP_REASONS, type Reason } from '../domain/reason.ts'
import { isOpenDoubt, type NewestSettlement, type Resolution } from './resolution.ts'

/** What a person may say of an event whose outcome is unknown. */
export const VERDICTS = ['delivered', 'not-delivered', 'abandoned'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What is said of one event, and why. */
export interface Claim {
  transactionId: string
  verdict: Verdict
  why: string
}

/** What comes of a claim. */
export type Judgement =
  | { kind: 'change'; claim: Claim; settlement: NewestSettlement; resolution: Resolution }
  /** The same has been said before. */
  | { kind: 'unchanged'; claim: Claim; settlement: NewestSettlement }
  /** Nobody's word is needed, or counts; `because` is a sentence for people. */
  | { kind: 'refused'; claim: Claim; settlement: NewestSettlement | null; because: string }

const OUTCOMES: Record<Verdict, { status: Resolution['status']; reason: Reason }> = {
  delivered: { status: 'delivered', reason: 'resolved_delivered' },
  'not-delivered': { status: 'deferred', reason: 'resolved_not_delivered' },
  abandoned: { status: 'abandoned', reason: 'resolved_abandoned' },
}

/** Weighs a claim of `by` against what the audit table says: only an unknown outcome is anybody's to decide, and delivered is for good. */
export function judge(claim: Claim, settlement: NewestSettlement | null, by: string): Judgement {
  if (settlement === null)
    return { kind: 'refused', claim, settlement, because: 'the audit table does not know it' }
  const outcome = OUTCOMES[claim.verdict]
  if (settlement.reason === outcome.reason) return { kind: 'unchanged', claim, settlement }
  if (!isOpenDoubt(settlement)) return { kind: 'refused', claim, settlement, because: whySettled(settlement) }
  return { kind: 'change', claim, settlement, resolution: { ...outcome, message: `${by}: ${claim.why}` } }
}

/**
 * The same for one of all the events that `runId` left in doubt: what was said of a single one of them since is not overruled in passing.
 * What the run itself has said, a resolution, may be taken back.
 */
export function judgeOfRun(
  claim: Claim,
  settlement: NewestSettlement,
  { by, runId }: { by: string; runId: string },
): Judgement {
  const judged = judge(claim, settlement, by)
  const isUnresolved = settlement.status === 'in_doubt' || GIVEN_UP_REASONS.includes(settlement.reason)
  if (judged.kind !== 'change' || isUnresolved || settlement.runId === runId) return judged
  const { status, reason } = settlement
  const because = `it is ${status} (${reason}) since: name it by its id to say otherwise`
  return { kind: 'refused', claim, settlement, because }
}

function whySettled({ status, reason }: NewestSettlement): string {
  const what = `it is ${status} (${reason})`
  if (status === 'delivered') return `${what}, and delivered is for good`
  if (status === 'deferred') return `${what}, not in doubt: the next run takes it up again`
  return `${what}, not in doubt: its outcome is known`
}
