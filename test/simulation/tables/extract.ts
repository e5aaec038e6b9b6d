import { IDENTIFIERS } from '../../../src/domain/event.ts'
import { compareCodePoints } from '../../../src/extract/order-check.ts'
import type { QueryValue } from '../../../src/warehouse/warehouse.ts'
import { type Candidate, candidatesOf } from './candidates.ts'
import { furtherNames, type KnownNames, knownNames, linksOf } from './devices.ts'
import { openDoubts } from './doubts.ts'
import { Evidence, type Meeting } from './evidence.ts'
import { identifierOf } from './identifiers.ts'
import { ledgerOf } from './ledger.ts'
import { compareWhole } from './order.ts'
import type { Given } from './parameters.ts'
import { type AuditRecord, isRecent, type SourceRecord, wholeValue } from './records.ts'
import { windowed } from './windowed.ts'

type Row = Record<string, QueryValue>

/** `sql/extract.sql`: the rows that no audit row settles, in order, with what earlier runs know of them. */
export function extract(source: readonly SourceRecord[], audit: readonly AuditRecord[], given: Given): Row[] {
  const auditFrom = given.instant('audit_from')
  const recent = audit.filter((row) => isRecent(row, auditFrom))
  const candidates = candidatesOf(windowed(source, given), ledgerOf(recent), given)
  const surroundings = surroundingsOf(candidates, recent, given)
  return candidates
    .sort(inOrder)
    .slice(0, given.whole('row_limit'))
    .map((candidate) => resultRow(candidate, surroundings.get(candidate.transactionId) ?? NOTHING_KNOWN))
}

/** Rows without a time first, then by time, id and number of the copy. */
function inOrder(a: Candidate, b: Candidate): number {
  return (
    compareWhole(a.source.occurred_at_micros, b.source.occurred_at_micros) ||
    compareCodePoints(a.transactionId, b.transactionId) ||
    a.copyNumber - b.copyNumber
  )
}

interface Surroundings extends Meeting {
  furtherNames: string | null
}

/** Of a copy whose first row is another shard's. */
const NOTHING_KNOWN: Surroundings = {
  laterDeliveredAt: null,
  waitsFor: null,
  isOptedOut: false,
  furtherNames: null,
}

/** What is known of each transaction: of the first of its copies, for only that one is sent. */
function surroundingsOf(
  candidates: readonly Candidate[],
  audit: readonly AuditRecord[],
  given: Given,
): Map<string, Surroundings> {
  const links = linksOf(audit)
  const firsts = candidates.filter(({ copyNumber }) => copyNumber === 1)
  const named = firsts.map((candidate) => ({ candidate, names: knownNames(candidate, links) }))
  const evidence = new Evidence(wantedNames(named), links)
  const doubts = openDoubts(audit, given)
  for (const row of audit) if (isEvidence(row)) evidence.add(row, doubts.has(row.auditId))
  return new Map(
    named.map(({ candidate, names }) => [
      candidate.transactionId,
      { ...evidence.meet(candidate, names), furtherNames: furtherNames(names) },
    ]),
  )
}

function wantedNames(named: readonly { names: KnownNames }[]): Set<string> {
  const wanted = new Set<string>()
  for (const { names } of named) for (const name of names.all) wanted.add(name)
  return wanted
}

function isEvidence({ status, reason }: AuditRecord): boolean {
  return status === 'delivered' || status === 'in_doubt' || reason === 'device_opted_out'
}

function resultRow(candidate: Candidate, surroundings: Surroundings): Row {
  const { source, earlier } = candidate
  const row: Row = {
    transaction_id: candidate.transactionId,
    transaction_id_missing: candidate.isIdMissing,
    occurred_at_micros: wholeValue(source.occurred_at_micros),
    kind: source.kind,
    app_token: source.app_token,
    event_token: source.event_token,
  }
  for (const kind of IDENTIFIERS) row[kind] = identifierOf(source, kind)
  return Object.assign(row, {
    revenue: source.revenue,
    currency: source.currency,
    ip_address: source.ip_address,
    user_agent: source.user_agent,
    os_name: source.os_name,
    callback_params: source.callback_params,
    partner_params: source.partner_params,
    parameters: source.parameters,
    environment: source.environment,
    source_duplicate: candidate.copyNumber > 1,
    earlier_run_id: earlier?.newest.runId ?? null,
    earlier_status: earlier?.newest.status ?? null,
    earlier_reason: earlier?.newest.reason ?? null,
    earlier_message: earlier?.newest.message ?? null,
    earlier_attempts: earlier?.attempts ?? null,
    earlier_first_sent_at_micros: wholeValue(earlier?.firstSentAt ?? null),
    earlier_settled_at_micros: wholeValue(earlier?.newest.settledAt ?? null),
    known_device_names: surroundings.furtherNames,
    later_delivered_at_micros: wholeValue(surroundings.laterDeliveredAt),
    waits_for_in_doubt: surroundings.waitsFor,
    device_opted_out: surroundings.isOptedOut,
  })
}
