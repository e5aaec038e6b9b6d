import type { AuditRow } from '../domain/settlement.ts'

/** The part of an audit row that is known before the request leaves. */
export type IntentRow = Omit<
  AuditRow,
  'status' | 'reason' | 'httpStatus' | 'message' | 'settledAtMs' | 'latencyMs'
> & {
  sentAtMs: number
}
/** The part that its answer adds, or corrects: a request that was withdrawn was no attempt and has no `sentAtMs`. */
export type OutcomeRow = Pick<
  AuditRow,
  | 'auditId'
  | 'status'
  | 'reason'
  | 'httpStatus'
  | 'message'
  | 'attempt'
  | 'sentAtMs'
  | 'settledAtMs'
  | 'latencyMs'
  | 'warnings'
>

export type JournalRecord =
  /** First of every segment: whose journal this is, which run writes it, and how far that one has claimed to send. */
  | {
      type: 'segment'
      format: 1
      owner: string
      segment: number
      run: string
      claimedToMicros: number | null
    }
  /** The run is about to send events up to this `occurred_at`. */
  | { type: 'claim'; toMicros: number }
  /** A request is about to leave. */
  | { type: 'intent'; row: IntentRow }
  /** What became of it. */
  | { type: 'outcome'; row: OutcomeRow }
