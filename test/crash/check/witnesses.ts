import type { TruthEntry } from '../../../src/simulator/truth-log.ts'

/** A row of the source. */
export interface SourcePurchase {
  id: string
  occurredAtMs: number
  app: string
  token: string
  hasRevenue: boolean
  /** The device that it truly was. */
  device: number
  /** Identifiers, as the source spells them. */
  names: string[]
}

/** What `s2s_latest` says of a transaction. */
export interface LatestRow {
  id: string
  status: string
  reason: string
}

/** A row of `s2s_audit`. Instants are epoch milliseconds. */
export interface AuditRow extends LatestRow {
  runId: string
  attempt: number
  sentAtMs: number | null
  settledAtMs: number
}

/** All that a check may look at: what was sold, what Adjust saw, and what the audit table says. Nothing of the sender's own state. */
export interface Witnesses {
  /** By (occurred_at, transaction_id). */
  purchases: SourcePurchase[]
  /** By arrival. */
  truth: TruthEntry[]
  latest: LatestRow[]
  /** By settled_at. */
  audit: AuditRow[]
}

/** Adjust keeps the order of a device's events for each token, and over all with revenue. */
export function scopesOf({ token, hasRevenue }: Pick<SourcePurchase, 'token' | 'hasRevenue'>): string[] {
  return hasRevenue ? [`token ${token}`, 'revenue'] : [`token ${token}`]
}
