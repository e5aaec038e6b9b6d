import { deviceName } from '../../src/domain/device-name.ts'
import type { Identifier } from '../../src/domain/event.ts'
import type { AuditRow } from '../../src/domain/settlement.ts'

let count = 0

/** A delivered purchase of one device, with what the test says otherwise. */
export function auditRow(fields: Partial<AuditRow> & { transactionId: string }): AuditRow {
  count += 1
  const deviceNames = fields.deviceNames ?? [name('adid', 'a1')]
  return {
    auditId: `audit-${String(count).padStart(6, '0')}`,
    runId: 'run-1',
    status: 'delivered',
    reason: 'ok',
    httpStatus: 200,
    message: 'OK',
    attempt: 1,
    kind: 'event',
    appToken: 'app000000001',
    eventToken: 'buy001',
    device: deviceNames[0] ?? null,
    deviceNames,
    identifiers: null,
    occurredAtMicros: micros('2025-05-20T12:00:00Z'),
    revenue: null,
    currency: null,
    sentAtMs: Date.parse('2025-05-20T12:30:00Z'),
    settledAtMs: Date.parse('2025-05-20T12:30:01Z'),
    latencyMs: 80,
    warnings: [],
    ...fields,
  }
}

export const name = (kind: Identifier, value: string) => deviceName(kind, value)
export const micros = (iso: string) => Date.parse(iso) * 1000
