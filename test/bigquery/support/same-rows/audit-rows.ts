import { EVENT_KINDS } from '../../../../src/domain/event.ts'
import { REASONS, type Reason } from '../../../../src/domain/reason.ts'
import type { TableRow } from '../../../../src/warehouse/warehouse.ts'
import { name } from '../../../warehouse/audit-row.ts'
import type { Draw } from './draw.ts'
import { APPS, EVENTS, NOW_MICROS, type Shop, ZEROS } from './shop.ts'

const REASON_CODES = Object.keys(REASONS) as Reason[]

/** What other events of a device look at. */
const EVIDENCE: readonly Reason[] = ['ok', 'ok', 'timed_out', 'process_died', 'device_opted_out']

const TOO_LATE: readonly Reason[] = ['too_old', 'later_event_delivered']

const MICROS_PER_HOUR = 3_600_000_000

/**
 * The histories of most transactions of the shop, every reason among them: up to four rows each, some twice, some of an unlikely order,
 * and NULL in every column that takes it.
 */
export function auditRows(draw: Draw, shop: Shop): TableRow[] {
  const transactions = draw.some(shop.transactionIds, 0.8)
  const rows = transactions.flatMap((transactionId, index) => history(draw, shop, transactionId, index))
  const ofEachReason = REASON_CODES.map((reason, index) =>
    auditRow(draw, shop, { auditId: `r${index}`, transactionId: `of ${reason}`, reason }),
  )
  // An append whose answer was lost is repeated.
  return [...rows, ...ofEachReason, ...draw.some(rows, 0.05)]
}

function history(draw: Draw, shop: Shop, transactionId: string, transaction: number): TableRow[] {
  return draw.list(draw.between(1, 4), (step) =>
    auditRow(draw, shop, {
      auditId: `a${transaction} ${draw.hex(2)} ${step}`,
      transactionId,
      reason: draw.oneOf(draw.oneOf([EVIDENCE, EVIDENCE, REASON_CODES, TOO_LATE])),
    }),
  )
}

interface Outcome {
  auditId: string
  transactionId: string
  reason: Reason
}

function auditRow(draw: Draw, shop: Shop, { auditId, transactionId, reason }: Outcome): TableRow {
  const deviceNames = someNames(draw, shop)
  // Few settled instants, so that other columns have to settle which of two rows is the newer one.
  const settledAt = NOW_MICROS - draw.oneOf([0, 1, 24, 24, 48]) * MICROS_PER_HOUR - draw.between(0, 2)
  return {
    audit_id: auditId,
    run_id: `run-${draw.between(1, 4)}`,
    transaction_id: transactionId,
    status: REASONS[reason].status,
    reason,
    http_status: draw.orNull(draw.oneOf([200, 400, 404, 500])),
    message: draw.orNull(draw.text()),
    attempt: draw.between(0, 3),
    kind: draw.orNull(draw.oneOf(EVENT_KINDS), 0.05),
    app_token: draw.orNull(draw.oneOf(APPS), 0.05),
    event_token: draw.orNull(draw.oneOf(EVENTS), 0.1),
    device: draw.orNull(draw.oneOf([...deviceNames, name('adid', 'unknown')])),
    device_names: draw.orNull(deviceNames, 0.05),
    identifiers: draw.orNull('{"idfa":"A"}', 0.8),
    occurred_at: instantOrNull(draw, draw.oneOf(shop.instants)),
    revenue: draw.orNull(draw.decimal(), 0.5),
    currency: draw.orNull(draw.oneOf(['EUR', 'USD'])),
    sent_at: instantOrNull(draw, settledAt - draw.between(0, 9_999_999)),
    settled_at: { timestampMicros: settledAt },
    latency_ms: draw.orNull(draw.between(0, 300)),
    warnings: draw.orNull(draw.some(['no_adid', 'ip_v6'], 0.3)),
  }
}

/**
 * Names of one device, and at times of its neighbour's, for two that came together are one from then on: over several rows that makes
 * chains of two links and more.
 */
function someNames(draw: Draw, { devices }: Shop): string[] {
  const index = draw.between(0, devices.length - 1)
  const neighbour = devices[index + 1]
  const names = [
    ...draw.some(devices[index]!.names, 0.7),
    ...(neighbour && draw.chance(0.2) ? draw.some(neighbour.names, 0.5) : []),
    ...(draw.chance(0.03) ? [name('idfa', ZEROS)] : []),
  ]
  return names.toSorted()
}

function instantOrNull(draw: Draw, micros: number): TableRow[string] {
  return draw.orNull({ timestampMicros: micros }, 0.08)
}
