import type { InDoubtPolicy, ResendMode } from '../domain/policy.ts'

/** Settings that decide what becomes of a row. */
export interface TransformRules {
  /** For rows that do not name one. */
  environment: 'sandbox' | 'production'
  /** Which timestamp parameter is sent, and in which unit. */
  timestamp: 'created_at' | 'created_at_unix_s' | 'created_at_unix_ms'
  /** A row without a usable adid: a warning, or invalid. */
  adid: 'warn' | 'require'
  /** Whether a row must have the user's own name of its device: shards are told apart by it. */
  deviceId: 'optional' | 'require'
  /** A row older than one that is already delivered on the same ordering key. */
  late: 'skip' | 'send'
  /** For events and sessions; ad revenue has a limit of 28 days at most. */
  maxAgeDays: number
  inDoubt: { revenue: InDoubtPolicy; other: InDoubtPolicy }
  /** After this long an unknown outcome is abandoned (policies hold and skip). */
  inDoubtHoldHours: number
  resend: ResendMode
  /** Whether the audit table keeps identifiers in plain text beside their hashes. */
  plainIdentifiers: boolean
}
