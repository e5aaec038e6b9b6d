import { compareCodePoints } from '../../../src/extract/order-check.ts'
import type { Candidate } from './candidates.ts'
import { type KnownNames, type Links, linkedTo } from './devices.ts'
import { type AuditRecord, REVENUE_SCOPE, SESSION_SCOPE } from './records.ts'

interface Delivered {
  transactionId: string
  occurredAt: number
}

/** What one name of a device has gone through in one app and scope. */
interface Past {
  appToken: string
  scope: string
  /** The newest delivered transaction, and the newest of all others: one of them is not the row that asks. */
  newest: Delivered | null
  second: Delivered | null
  /** Transactions in doubt, the first and the last by code point, for the same reason. */
  firstDoubt: string | null
  lastDoubt: string | null
}

/** What the audit table says of other events of a row's device. */
export interface Meeting {
  laterDeliveredAt: number | null
  waitsFor: string | null
  isOptedOut: boolean
}

/** Audit rows that matter to other events, by the names of their devices. */
export class Evidence {
  readonly #wanted: ReadonlySet<string>
  readonly #links: Links
  readonly #pasts = new Map<string, Past[]>()
  readonly #optedOut = new Map<string, Set<string>>()

  /** Only names that are `wanted` are kept. */
  constructor(wanted: ReadonlySet<string>, links: Links) {
    this.#wanted = wanted
    this.#links = links
  }

  /** The names of an audit row lead one step further. */
  add(row: AuditRecord, isInDoubt: boolean): void {
    for (const name of row.deviceNames) {
      this.#addUnder(name, row, isInDoubt)
      for (const device of linkedTo(name, this.#links)) this.#addUnder(device, row, isInDoubt)
    }
  }

  #addUnder(name: string, row: AuditRecord, isInDoubt: boolean): void {
    const { appToken } = row
    if (appToken === null || !this.#wanted.has(name)) return
    if (row.reason === 'device_opted_out') {
      const apps = this.#optedOut.get(name)
      if (apps) apps.add(appToken)
      else this.#optedOut.set(name, new Set([appToken]))
    }
    for (const scope of scopesOf(row)) {
      const past = this.#past(name, appToken, scope)
      if (row.status === 'delivered' && row.occurredAt !== null)
        noteDelivered(past, { transactionId: row.transactionId, occurredAt: row.occurredAt })
      if (isInDoubt) noteDoubt(past, row.transactionId)
    }
  }

  #past(name: string, appToken: string, scope: string): Past {
    const pasts = this.#pasts.get(name) ?? []
    if (pasts.length === 0) this.#pasts.set(name, pasts)
    const known = pasts.find((past) => past.scope === scope && past.appToken === appToken)
    if (known) return known
    const past = { appToken, scope, newest: null, second: null, firstDoubt: null, lastDoubt: null }
    pasts.push(past)
    return past
  }

  /** What an event meets under these names. */
  meet(candidate: Candidate, { all }: KnownNames): Meeting {
    const meeting: Meeting = { laterDeliveredAt: null, waitsFor: null, isOptedOut: false }
    const appToken = candidate.source.app_token
    if (appToken === null) return meeting
    const scopes = scopesOf(candidate)
    for (const name of all) {
      meeting.isOptedOut ||= this.#optedOut.get(name)?.has(appToken) ?? false
      for (const past of this.#pasts.get(name) ?? [])
        if (past.appToken === appToken && scopes.includes(past.scope)) meetPast(meeting, candidate, past)
    }
    return meeting
  }
}

/** Revenue is in order across all tokens of a device; sessions are not part of that. */
function scopesOf({ scope, hasRevenue }: Pick<AuditRecord, 'scope' | 'hasRevenue'>): string[] {
  if (scope === null) return []
  return hasRevenue && scope !== SESSION_SCOPE ? [scope, REVENUE_SCOPE] : [scope]
}

function noteDelivered(past: Past, delivered: Delivered): void {
  const { newest, second } = past
  if (newest === null || delivered.occurredAt > newest.occurredAt) {
    past.newest = delivered
    if (newest?.transactionId !== delivered.transactionId) past.second = newest
    return
  }
  if (newest.transactionId === delivered.transactionId) return
  if (second === null || delivered.occurredAt > second.occurredAt) past.second = delivered
}

function noteDoubt(past: Past, transactionId: string): void {
  const { firstDoubt, lastDoubt } = past
  if (firstDoubt === null || compareCodePoints(transactionId, firstDoubt) < 0) past.firstDoubt = transactionId
  if (lastDoubt === null || compareCodePoints(transactionId, lastDoubt) > 0) past.lastDoubt = transactionId
}

function meetPast(meeting: Meeting, { transactionId, source }: Candidate, past: Past): void {
  const later = past.newest?.transactionId === transactionId ? past.second : past.newest
  const occurredAt = source.occurred_at_micros
  if (later !== null && occurredAt !== null && later.occurredAt > occurredAt)
    meeting.laterDeliveredAt = Math.max(later.occurredAt, meeting.laterDeliveredAt ?? later.occurredAt)
  const doubt = past.firstDoubt === transactionId ? past.lastDoubt : past.firstDoubt
  if (doubt === null || doubt === transactionId) return
  if (meeting.waitsFor === null || compareCodePoints(doubt, meeting.waitsFor) < 0) meeting.waitsFor = doubt
}
