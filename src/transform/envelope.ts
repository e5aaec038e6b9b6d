import { MAX_FUTURE_MS, MS_PER_DAY } from '../domain/durations.ts'
import { EVENT_KINDS, type EventKind, type SourceRow } from '../domain/event.ts'
import { maxAgeDaysOf } from '../domain/max-age.ts'
import { excerpt, type Fault, fault, isFault } from './fault.ts'
import type { TransformRules } from './rules.ts'

/** Between the check and Adjust's clock lie a queue and the network. */
const EXPIRY_MARGIN_MS = 60_000

/** Before it no timestamp has the form that Adjust wants; a warehouse's `-infinity` falls here too. */
const YEAR_0_MICROS = Date.parse('0000-01-01T00:00:00Z') * 1000

/** Where an event goes and when it happened: what has to be known before it pays to look at its contents. */
export interface Envelope {
  kind: EventKind
  occurredAtMicros: number
  appToken: string
  /** Sent with kind `event` only; for the others it just stays in the audit table. */
  eventToken: string | null
  environment: 'sandbox' | 'production'
  maxAgeDays: number
  expiresAtMs: number
}

/**
 * Reads it from a row. Faults, in this order: `kind_unknown`, `occurred_at_missing`, `occurred_at_in_future`,
 * `app_token_missing`, `event_token_missing`, `environment_unknown`.
 */
export function readEnvelope(row: SourceRow, rules: TransformRules, nowMs: number): Envelope | Fault {
  const kind = readKind(row.kind)
  if (isFault(kind)) return kind
  const occurredAtMicros = readOccurredAt(row.occurredAtMicros, nowMs)
  if (isFault(occurredAtMicros)) return occurredAtMicros
  const { appToken, eventToken } = row
  if (!hasText(appToken)) return fault('app_token_missing')
  if (kind === 'event' && !hasText(eventToken)) return fault('event_token_missing')
  const environment = readEnvironment(row.environment, rules)
  if (isFault(environment)) return environment

  const maxAgeDays = maxAgeDaysOf(kind, rules.maxAgeDays)
  const expiresAtMs = Math.floor(occurredAtMicros / 1000) + maxAgeDays * MS_PER_DAY - EXPIRY_MARGIN_MS
  return { kind, occurredAtMicros, appToken, eventToken, environment, maxAgeDays, expiresAtMs }
}

/** Blank text says no more than NULL. */
function hasText(text: string | null): text is string {
  return text !== null && text.trim() !== ''
}

function readKind(kind: string | null): EventKind | Fault {
  if (!hasText(kind)) return 'event'
  return EVENT_KINDS.find((known) => known === kind) ?? fault('kind_unknown', `kind is ${excerpt(kind)}`)
}

function readOccurredAt(micros: number | null, nowMs: number): number | Fault {
  if (micros === null) return fault('occurred_at_missing')
  if (!(micros >= YEAR_0_MICROS)) return fault('occurred_at_missing', 'occurred_at is before the year 0')
  if (micros / 1000 <= nowMs + MAX_FUTURE_MS) return micros
  const aheadMinutes = Math.floor((micros / 1000 - nowMs) / 60_000)
  return fault('occurred_at_in_future', `occurred_at is ${aheadMinutes} minutes ahead`)
}

function readEnvironment(environment: string | null, rules: TransformRules): Envelope['environment'] | Fault {
  if (!hasText(environment)) return rules.environment
  if (environment === 'sandbox' || environment === 'production') return environment
  return fault('environment_unknown', `environment is ${excerpt(environment)}`)
}
