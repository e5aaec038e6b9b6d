import type { Event } from '../../src/domain/event.ts'

export const APP = 'abcdefghijkl'
const OCCURRED_AT_MICROS = Date.UTC(2026, 0, 30) * 1000

/** A good event of a device, with changes. Its time follows its number, so a list of them is in order. */
export function event(number: number, changes: Partial<Event> = {}): Event {
  const { appToken = APP, eventToken = 'tok001', revenue = null, deviceNames = ['idfa:a'] } = changes
  return {
    transactionId: `t${String(number).padStart(5, '0')}`,
    kind: 'event',
    appToken,
    eventToken,
    occurredAtMicros: OCCURRED_AT_MICROS + number * 1_000_000,
    revenue,
    currency: revenue === null ? null : 'EUR',
    deviceNames,
    identifiers: null,
    path: '/event',
    query: `s2s=1&app_token=${appToken}&event_token=${eventToken}`,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    warnings: [],
    earlier: null,
    ...changes,
  }
}
