import { DateTime } from 'luxon'
import { TerminalError } from '../domain/errors.ts'

/** A calendar date, or one with a time of day and perhaps a zone. luxon alone would also take week dates and bare years. */
const DATE_OR_INSTANT = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)?)?$/i

/**
 * A date (its first instant) or an ISO instant, in UTC unless it names another zone; epoch milliseconds.
 * Throws a TerminalError that names the flag and the value.
 */
export function parseInstant(flag: string, text: string): number {
  const instant = DateTime.fromISO(text.trim().replace(' ', 'T').toUpperCase(), { zone: 'utc' })
  const isWellFormed = DATE_OR_INSTANT.test(text.trim())
  if (isWellFormed && instant.isValid) return instant.toMillis()
  const fault = isWellFormed ? 'does not exist' : 'is neither a date nor an instant'
  throw new TerminalError(`${flag} ${text}: that ${isWellFormed ? 'date or time ' : ''}${fault}.`, {
    hint: `Give a date such as ${flag} 2026-02-28, or an instant such as ${flag} 2026-02-28T13:30:00Z; both are UTC.`,
  })
}
