import { MS_PER_DAY } from '../domain/durations.ts'
import type { TransformRules } from './rules.ts'

/**
 * The timestamp parameter, encoded, from epoch microseconds; what the unit cannot hold is cut off, so the
 * order of events stays. Adjust silently replaces a `created_at` that it cannot read by its own receive time:
 * the form has to be exactly `yyyy-MM-ddTHH:mm:ss.SSS+0000`, percent-encoded once. Valid for the years 0 to
 * 9999.
 */
export function timestampParameter(style: TransformRules['timestamp'], occurredAtMicros: number): string {
  switch (style) {
    case 'created_at':
      return `created_at=${encodedCreatedAt(occurredAtMicros)}`
    case 'created_at_unix_s':
      return `created_at_unix=${Math.floor(occurredAtMicros / 1_000_000)}`
    case 'created_at_unix_ms':
      return `created_at_unix=${Math.floor(occurredAtMicros / 1000)}`
  }
}

let memoDay = Number.NaN
let memoDate = ''

/**
 * Rows come in order of time, so the calendar is asked once a day of events; the rest is arithmetic on the
 * hours.
 */
function encodedCreatedAt(micros: number): string {
  const ms = Math.floor(micros / 1000)
  const day = Math.floor(ms / MS_PER_DAY)
  if (day !== memoDay) {
    memoDate = new Date(ms).toISOString().slice(0, 10)
    memoDay = day
  }
  const msOfDay = ms - day * MS_PER_DAY
  const seconds = Math.floor(msOfDay / 1000)
  const minutes = Math.floor(seconds / 60)
  const time = `${twoDigits(Math.floor(minutes / 60))}%3A${twoDigits(minutes % 60)}%3A${twoDigits(seconds % 60)}`
  return `${memoDate}T${time}.${threeDigits(msOfDay % 1000)}%2B0000`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}

function threeDigits(value: number): string {
  return value < 100 ? `0${twoDigits(value)}` : `${value}`
}

/** An instant for messages, to the microsecond: `2017-01-02T15:04:05.000123Z`. */
export function isoMicros(micros: number): string {
  const iso = new Date(Math.floor(micros / 1000)).toISOString()
  const belowMs = micros - Math.floor(micros / 1000) * 1000
  return `${iso.slice(0, -1)}${String(belowMs).padStart(3, '0')}Z`
}
