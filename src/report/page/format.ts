import currencyCodes from 'currency-codes'
import { groupedDigits } from '../../domain/grouped-digits.ts'
import type { Status } from '../../domain/settlement.ts'

/** 1234567 as `1,234,567`. */
export function count(number: number): string {
  return groupedDigits(number)
}

/** `1 event`, `2,000 events`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** A share in percent that never rounds a few to none, or nearly all to all. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–'
  const percent = (part / whole) * 100
  if (part > 0 && percent < 0.1) return '< 0.1 %'
  if (part < whole && percent > 99.9) return '> 99.9 %'
  return `${percent.toFixed(percent === 0 || percent === 100 ? 0 : 1)} %`
}

/** ISO text as `2026-11-22 07:43:36`; all instants of the page are UTC, and its head says so. */
export function instant(iso: string | null): string {
  return iso === null ? '–' : iso.slice(0, 19).replace('T', ' ')
}

const UNITS = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3600 },
  { unit: 'min', seconds: 60 },
  { unit: 's', seconds: 1 },
]

/** Seconds for people: `0.8 s`, `42 s`, `3 min 5 s`, `4 d 3 h`. */
export function duration(seconds: number): string {
  if (seconds < 0) return `−${duration(-seconds)}`
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`
  let rest = Math.round(seconds)
  const parts = UNITS.map(({ unit, seconds: length }) => {
    const amount = Math.floor(rest / length)
    rest -= amount * length
    return { unit, amount }
  })
  const first = parts.findIndex(({ amount }) => amount > 0)
  const shown = parts.slice(first, first + 2).filter(({ amount }) => amount > 0)
  return shown.map(({ unit, amount }) => `${amount} ${unit}`).join(' ')
}

/** Milliseconds for people: `13 ms`, `1.25 s`. */
export function milliseconds(ms: number): string {
  return ms < 1000 ? `${count(ms)} ms` : `${groupedDigits(ms / 1000)} s`
}

/** An exact amount: `6926.5` of USD as `6,926.50`, and no digit that is not there. */
export function amount(decimal: string, currency: string | null): string {
  const [whole = '0', fraction = ''] = decimal.split('.')
  const digits = (currency === null ? undefined : currencyCodes.code(currency)?.digits) ?? 0
  const shown = fraction.padEnd(digits, '0')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${shown === '' ? '' : `.${shown}`}`
}

/** What a status is called in a sentence. */
export function statusWord(status: Status | 'retried'): string {
  return status.replace('_', ' ')
}

const SHOWN_CHARACTERS = 160

/** Somebody else's text, which may be a whole page. */
export function excerpt(text: string, characters = SHOWN_CHARACTERS): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > characters ? `${line.slice(0, characters)}…` : line
}
