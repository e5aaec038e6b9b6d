import { EVENT_KINDS } from '../../../../src/domain/event.ts'
import { REASONS, type Reason } from '../../../../src/domain/reason.ts'
import type { TableRow } from '../../../../src/warehouse/warehouse.ts'
import { name } from '../../../warehouse/audit-row.ts'
import type { Pick } from './pick.ts'
import { APPS, EVENTS, NOW_MICROS, type Shop, ZEROS } from './shop.ts'

const REASON_CODES = Object.keys(REASONS) as Reason[]

/** What other events of a device look at. */
const EVIDENCE: readonly Reason[] = ['ok', 'ok', 'timed_out', 'process_died', 'device_opted_out']

const MICROS_PER_HOUR = 3_600_000_000

/**
 * The histories of most transactions of the shop, every reason among them: up to four rows each, some twice, some of an unlikely order,
 * and NULL in every column that takes it.
 */
export function auditRows(pick: Pick, shop: Shop): TableRow[] {
  const transactions = pick.some(shop.transactionIds, 0.8)
  const rows = transactions.flatMap((transactionId, index) => history(pick, shop, transactionId, index))
  const ofEachReason = REASON_CODES.map((reason, index) =>
    auditRow(pick, shop, { auditId: `r${index}`, transactionId: `of ${reason}`, reason }),
  )
  // An append whose answer was lost is repeated.
  return [...rows, ...ofEachReason, ...pick.some(rows, 0.05)]
}

function history(pick: Pick, shop: Shop, transactionId: string, transaction: number): TableRow[] {
  return pick.list(pick.between(1, 4), (step) =>
    auditRow(pick, shop, {
      auditId: `a${transaction} ${pick.hex(2)} ${step}`,
      transactionId,
      reason: pick.chance(0.6) ? pick.oneOf(EVIDENCE) : pick.oneOf(REASON_CODES),
    }),
  )
}

interface Outcome {
  auditId: string
  transactionId: string
  reason: Reason
}

function auditRow(pick: Pick, shop: Shop, { auditId, transactionId, reason }: Outcome): TableRow {
  const deviceNames = someNames(pick, shop)
  // Few settled instants, so that other columns have to settle which of two rows is the newer one.
  const settledAt = NOW_MICROS - pick.oneOf([0, 1, 24, 24, 48]) * MICROS_PER_HOUR - pick.between(0, 2)
  return {
    audit_id: auditId,
    run_id: `run-${pick.between(1, 4)}`,
    transaction_id: transactionId,
    status: REASONS[reason].status,
    reason,
    http_status: pick.orNull(pick.oneOf([200, 400, 404, 500])),
    message: pick.orNull(pick.text()),
    attempt: pick.between(0, 3),
    kind: pick.orNull(pick.oneOf(EVENT_KINDS), 0.05),
    app_token: pick.orNull(pick.oneOf(APPS), 0.05),
    event_token: pick.orNull(pick.oneOf(EVENTS), 0.1),
    device: pick.orNull(pick.oneOf([...deviceNames, name('adid', 'unknown')])),
    device_names: pick.orNull(deviceNames, 0.05),
    identifiers: pick.orNull('{"idfa":"A"}', 0.8),
    occurred_at: instantOrNull(pick, pick.oneOf(shop.instants)),
    revenue: pick.orNull(pick.decimal(), 0.5),
    currency: pick.orNull(pick.oneOf(['EUR', 'USD'])),
    sent_at: instantOrNull(pick, settledAt - pick.between(0, 9_999_999)),
    settled_at: { timestampMicros: settledAt },
    latency_ms: pick.orNull(pick.between(0, 300)),
    warnings: pick.orNull(pick.some(['no_adid', 'ip_v6'], 0.3)),
  }
}

/**
 * Names of one device, and at times of its neighbour's, for two that came together are one from then on: over several rows that makes
 * chains of two links and more.
 */
function someNames(pick: Pick, { devices }: Shop): string[] {
  const index = pick.between(0, devices.length - 1)
  const neighbour = devices[index + 1]
  const names = [
    ...pick.some(devices[index]!.names, 0.7),
    ...(neighbour && pick.chance(0.2) ? pick.some(neighbour.names, 0.5) : []),
    ...(pick.chance(0.03) ? [name('idfa', ZEROS)] : []),
  ]
  return names.toSorted()
}

function instantOrNull(pick: Pick, micros: number): TableRow[string] {
  return pick.orNull({ timestampMicros: micros }, 0.08)
}
