import { hash } from 'node:crypto'
import { deviceName } from '../../src/domain/device-name.ts'
import { MS_PER_DAY } from '../../src/domain/durations.ts'
import type { AuditRow } from '../../src/domain/settlement.ts'
import type { QueryValue } from '../../src/warehouse/warehouse.ts'

export type ColumnType = 'text' | 'whole' | 'bool'

/** What `sql/extract.sql` yields, in its order. */
export const COLUMNS: Record<string, ColumnType> = {
  transaction_id: 'text',
  transaction_id_missing: 'bool',
  occurred_at_micros: 'whole',
  kind: 'text',
  app_token: 'text',
  event_token: 'text',
  adid: 'text',
  idfa: 'text',
  idfv: 'text',
  gps_adid: 'text',
  android_id: 'text',
  fire_adid: 'text',
  oaid: 'text',
  web_uuid: 'text',
  external_device_id: 'text',
  device_id: 'text',
  revenue: 'text',
  currency: 'text',
  ip_address: 'text',
  user_agent: 'text',
  os_name: 'text',
  callback_params: 'text',
  partner_params: 'text',
  parameters: 'text',
  environment: 'text',
  source_duplicate: 'bool',
  earlier_run_id: 'text',
  earlier_status: 'text',
  earlier_reason: 'text',
  earlier_message: 'text',
  earlier_attempts: 'whole',
  earlier_first_sent_at_micros: 'whole',
  earlier_settled_at_micros: 'whole',
  known_device_names: 'text',
  later_delivered_at_micros: 'whole',
  waits_for_in_doubt: 'text',
  device_opted_out: 'bool',
}

/** Columns of the source contract, but for `occurred_at`; the others are what the extraction adds. */
export const SOURCE_COLUMNS = Object.keys(COLUMNS)
  .slice(0, Object.keys(COLUMNS).indexOf('source_duplicate'))
  .filter((name) => name !== 'transaction_id_missing' && name !== 'occurred_at_micros')

const FIRST_MS = Date.parse('2025-05-01T00:00:00Z')
/** Ten rows a second: a million are little more than a day. */
const MS_PER_ROW = 100

/** All rows lie in the window of a run that begins then. */
export const NOW_MS = FIRST_MS + 30 * MS_PER_DAY

/** Of the same length for all rows and in their order, as micros are. */
export function transactionId(row: number): string {
  return `order-${String(row).padStart(10, '0')}`
}

export function occurredAtMicros(row: number): number {
  return (FIRST_MS + row * MS_PER_ROW) * 1000
}

/** Two purchases in three come from a phone, one in a hundred waits since an earlier run; a column that is left out is NULL. */
export function extractedRow(row: number): Record<string, QueryValue> {
  return {
    transaction_id: transactionId(row),
    transaction_id_missing: false,
    occurred_at_micros: occurredAtMicros(row),
    kind: 'event',
    app_token: '4w565xzmb54d',
    event_token: row % 2 === 0 ? 'f0ob4r' : 'b4rf00',
    ...(row % 3 === 0 ? iosDevice(row) : androidDevice(row)),
    device_id: `user-${row % 9_973}`,
    ...(row % 2 === 0 ? { revenue: `${row % 200}.99`, currency: 'EUR' } : {}),
    ip_address: `10.${row % 250}.${row % 199}.7`,
    callback_params: JSON.stringify({ order_id: transactionId(row), category: 'shoes', items: '3' }),
    environment: 'production',
    source_duplicate: false,
    ...(row % 100 === 0 ? waiting(row) : {}),
    device_opted_out: false,
  }
}

function iosDevice(row: number): Record<string, string> {
  return {
    adid: hex('adid', row).slice(0, 32),
    idfa: uuid('idfa', row).toUpperCase(),
    idfv: uuid('idfv', row).toUpperCase(),
    os_name: 'ios',
    user_agent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  }
}

function androidDevice(row: number): Record<string, string> {
  return {
    adid: hex('adid', row).slice(0, 32),
    gps_adid: uuid('gps_adid', row),
    android_id: hex('android_id', row).slice(0, 16),
    os_name: 'android',
    user_agent:
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36',
  }
}

function waiting(row: number): Record<string, QueryValue> {
  return {
    earlier_run_id: '20250501T120000Z-5f2c9a',
    earlier_status: 'deferred',
    earlier_reason: 'device_not_found',
    earlier_message: 'device_not_found',
    earlier_attempts: 1,
    earlier_first_sent_at_micros: occurredAtMicros(row) + 3_600_000_000,
    earlier_settled_at_micros: occurredAtMicros(row) + 3_600_080_000,
    known_device_names: deviceName('external_device_id', `earlier-${row}`),
  }
}

function hex(kind: string, row: number): string {
  return hash('sha256', `${kind} ${row}`, 'hex')
}

function uuid(kind: string, row: number): string {
  return hex(kind, row).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')
}

/** A delivered purchase, as the audit writes it down. */
export function deliveredRow(row: number): AuditRow {
  const deviceNames = [
    deviceName('adid', hex('adid', row)),
    deviceName('gps_adid', uuid('gps_adid', row)),
    deviceName('device_id', `user-${row % 9_973}`),
  ]
  const sentAtMs = occurredAtMicros(row) / 1000 + 3_600_000
  return {
    auditId: `20250601T000000Z-5f2c9a/${row}`,
    runId: '20250601T000000Z-5f2c9a',
    transactionId: transactionId(row),
    status: 'delivered',
    reason: 'ok',
    httpStatus: 200,
    message: 'OK',
    attempt: 1,
    kind: 'event',
    appToken: '4w565xzmb54d',
    eventToken: 'f0ob4r',
    device: deviceNames[0]!,
    deviceNames,
    identifiers: null,
    occurredAtMicros: occurredAtMicros(row),
    revenue: row % 2 === 0 ? `${row % 200}.99` : null,
    currency: row % 2 === 0 ? 'EUR' : null,
    sentAtMs,
    settledAtMs: sentAtMs + 80,
    latencyMs: 80.25,
    warnings: [],
  }
}
