import { MS_PER_DAY, MS_PER_HOUR } from './durations.ts'
import type { EventKind } from './event.ts'
import { maxAgeDaysOf } from './max-age.ts'
import type { OPEN_STATUSES } from './settlement.ts'

/** Settings that say how long an open event is waited for. */
export interface OpenLimits {
  maxAgeDays: number
  inDoubtHoldHours: number
}

export interface OpenEvent {
  status: (typeof OPEN_STATUSES)[number]
  /** null where the audit row does not know it: then it counts as an event. */
  kind: EventKind | null
  /** Epoch milliseconds. */
  occurredAtMs: number | null
  settledAtMs: number | null
}

/**
 * When an open event is given up, in epoch milliseconds: a doubt after its hold, everything else at the age limit, which is another one for
 * ad revenue. null when the instant that counts is not known.
 */
export function givenUpAtMs(event: OpenEvent, { maxAgeDays, inDoubtHoldHours }: OpenLimits): number | null {
  const { status, kind, occurredAtMs, settledAtMs } = event
  if (status === 'in_doubt' && settledAtMs !== null) return settledAtMs + inDoubtHoldHours * MS_PER_HOUR
  return occurredAtMs === null ? null : occurredAtMs + maxAgeDaysOf(kind, maxAgeDays) * MS_PER_DAY
}
