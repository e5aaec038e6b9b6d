import type { EarlierOutcome, Event, SourceRow } from '../../src/domain/event.ts'
import { createTransform, type Transformed, type TransformRules } from '../../src/transform/transform.ts'

export const NOW_MS = Date.parse('2026-03-10T12:00:00Z')
export const MINUTE_MS = 60_000
export const DAY_MS = 86_400_000

export const IDFA = 'D2CADB5F-410F-4963-AC0C-2A78534BDF1E'
export const GPS_ADID = '660e1d86-6796-463a-be86-897993136018'

export function rulesWith(changes: Partial<TransformRules> = {}): TransformRules {
  return {
    environment: 'sandbox',
    timestamp: 'created_at',
    adid: 'warn',
    deviceId: 'optional',
    late: 'skip',
    maxAgeDays: 58,
    inDoubt: { revenue: 'hold', other: 'hold' },
    inDoubtHoldHours: 24,
    resend: 'none',
    plainIdentifiers: true,
    ...changes,
  }
}

/** A row that is good to go and draws no warning; it happened a day before `NOW_MS`. */
export function rowWith(changes: Partial<SourceRow> = {}): SourceRow {
  return {
    transactionId: 'order-1',
    transactionIdMissing: false,
    occurredAtMicros: (NOW_MS - DAY_MS) * 1000,
    kind: null,
    appToken: '4w565xzmb54d',
    eventToken: 'f0ob4r',
    identifiers: { adid: 'a1b2c3', idfa: IDFA },
    revenue: null,
    currency: null,
    ipAddress: null,
    userAgent: null,
    osName: null,
    callbackParams: null,
    partnerParams: null,
    parameters: null,
    environment: null,
    sourceDuplicate: false,
    earlier: null,
    knownDeviceNames: [],
    laterDeliveredAtMicros: null,
    waitsForInDoubt: null,
    deviceOptedOut: false,
    ...changes,
  }
}

export function earlierWith(changes: Partial<EarlierOutcome> = {}): EarlierOutcome {
  const sentAtMs = NOW_MS - 60 * MINUTE_MS
  return {
    runId: 'run-1',
    status: 'in_doubt',
    reason: 'timed_out',
    message: null,
    attempts: 1,
    firstSentAtMs: sentAtMs,
    settledAtMs: sentAtMs,
    ...changes,
  }
}

export function transformed(row: Partial<SourceRow>, rules: Partial<TransformRules> = {}): Transformed {
  return createTransform(rulesWith(rules))(rowWith(row), NOW_MS)
}

/** `status/reason: message` of a row that is not sent, or `event`. */
export function verdict(row: Partial<SourceRow>, rules: Partial<TransformRules> = {}): string {
  const result = transformed(row, rules)
  if (result.kind === 'event') return 'event'
  const { kind, status, reason, message } = result
  return `${kind} ${status}/${reason}${message === null ? '' : `: ${message}`}`
}

/** The event of a row that has to be sent. */
export function eventOf(row: Partial<SourceRow>, rules: Partial<TransformRules> = {}): Event {
  const result = transformed(row, rules)
  if (result.kind !== 'event') throw new Error(`expected an event, got ${verdict(row, rules)}`)
  return result.event
}

/** What a standard form decoder reads from the request. */
export function parametersOf(
  row: Partial<SourceRow>,
  rules: Partial<TransformRules> = {},
): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(eventOf(row, rules).query))
}
