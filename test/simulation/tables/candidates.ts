import { createHash } from 'node:crypto'
import { IDENTIFIERS } from '../../../src/domain/event.ts'
import { identifierOf, trimmed } from './identifiers.ts'
import type { LedgerEntry } from './ledger.ts'
import { compareText, compareWhole } from './order.ts'
import type { Given } from './parameters.ts'
import { SESSION_SCOPE, type SourceRecord } from './records.ts'
import type { Windowed } from './windowed.ts'

/** A source row that is not settled, or is to be sent again. */
export interface Candidate extends Windowed {
  earlier: LedgerEntry | null
  /** 1 for the first of the rows that share a transaction_id. */
  copyNumber: number
  /** As in an audit row: what it has to be in order with; null for what has no order. */
  scope: string | null
  hasRevenue: boolean
}

/** The rows that the ledger leaves open, in no order. */
export function candidatesOf(
  rows: readonly Windowed[],
  ledger: ReadonlyMap<string, LedgerEntry>,
  given: Given,
): Candidate[] {
  const isOpen = opener(given)
  const byTransaction = new Map<string, Candidate[]>()
  for (const row of rows) {
    const earlier = ledger.get(row.transactionId) ?? null
    if (earlier !== null && !isOpen(earlier.newest.status)) continue
    const candidate = { ...row, earlier, copyNumber: 1, ...orderOf(row.source) }
    const copies = byTransaction.get(row.transactionId)
    if (copies) copies.push(candidate)
    else byTransaction.set(row.transactionId, [candidate])
  }
  return [...byTransaction.values()].flatMap(numbered).filter(inShard(given))
}

/** All shards take the same one of several copies for the first, so this comes after they are numbered. */
function inShard(given: Given): (candidate: Candidate) => boolean {
  const [from, to] = [given.text('shard_from'), given.text('shard_to')]
  return ({ source }) => {
    if (from === '') return true
    const hash = createHash('sha256')
      .update(identifierOf(source, 'device_id') ?? '')
      .digest('hex')
    return hash >= from && hash < to
  }
}

function opener(given: Given): (status: string) => boolean {
  const [resendFailed, resendAll] = [given.flag('resend_failed'), given.flag('resend_all')]
  return (status) =>
    resendAll ||
    ['in_doubt', 'deferred', 'retried'].includes(status) ||
    (resendFailed && ['rejected', 'invalid'].includes(status))
}

function orderOf({ kind, event_token, revenue }: SourceRecord): Pick<Candidate, 'scope' | 'hasRevenue'> {
  return {
    scope: scopeOf(kind, event_token),
    // A digit but zero, or a character that no number has, before any exponent: then something is at stake.
    hasRevenue: revenue !== null && /^[^eE]*[^-+.0 eE]/.test(revenue),
  }
}

function scopeOf(kind: string | null, eventToken: string | null): string | null {
  if (kind === null || kind === 'event' || trimmed(kind) === '') return eventToken
  return kind === 'session' ? SESSION_SCOPE : null
}

function numbered(copies: Candidate[]): Candidate[] {
  if (copies.length === 1) return copies
  copies.sort((a, b) => compareCopies(a.source, b.source))
  for (const [index, copy] of copies.entries()) copy.copyNumber = index + 1
  return copies
}

/** Every column counts, so that each run sends the same one of several copies. */
const COPY_ORDER = [
  'app_token',
  'event_token',
  'revenue',
  'kind',
  ...IDENTIFIERS,
  'currency',
  'ip_address',
  'user_agent',
  'os_name',
  'callback_params',
  'partner_params',
  'parameters',
  'environment',
] as const

function compareCopies(a: SourceRecord, b: SourceRecord): number {
  const [aMicros, bMicros] = [a.occurred_at_micros, b.occurred_at_micros]
  // Unlike elsewhere, a row without a time is the last here: the others can be sent.
  if (aMicros === null || bMicros === null) {
    if (aMicros !== bMicros) return aMicros === null ? 1 : -1
  } else if (aMicros !== bMicros) return compareWhole(aMicros, bMicros)
  for (const column of COPY_ORDER) {
    const order = compareText(a[column], b[column])
    if (order !== 0) return order
  }
  return 0
}
