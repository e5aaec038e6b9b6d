import { excerpt, type Fault, fault } from './fault.ts'

/** `amount` is null for zero, which Adjust does not take. */
export interface Revenue {
  amount: string | null
}

/** Sign, whole digits, decimals, exponent: each character is looked at once. */
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/**
 * Reads revenue as exact decimal text within Adjust's 0.001 to 100,000,000,000 full currency units, both
 * included. It never becomes a float: all digits are kept (Adjust documents no limit), in one spelling, so
 * `11.770` and `1.177e1` are both `11.77`. Faults: `revenue_malformed`, `revenue_negative`,
 * `revenue_out_of_range`.
 */
export function readRevenue(text: string): Revenue | Fault {
  const match = DECIMAL.exec(text.trim())
  if (!match) return fault('revenue_malformed', `revenue is ${excerpt(text)}`)
  const [, sign, whole = '', decimals = '', exponent = '0'] = match
  const digits = whole + decimals
  if (digits === '') return fault('revenue_malformed', `revenue is ${excerpt(text)}`)

  const leadingZeros = countLeadingZeros(digits)
  const significant = digits.slice(leadingZeros, countWithoutTrailingZeros(digits))
  if (significant === '') return { amount: null }
  if (sign === '-') return fault('revenue_negative', `revenue is ${excerpt(text)}`)

  const pointAt = whole.length - leadingZeros + Number(exponent)
  if (!isInRange(significant, pointAt)) return fault('revenue_out_of_range', `revenue is ${excerpt(text)}`)
  return { amount: plainDecimal(significant, pointAt) }
}

/**
 * The value is `0.significant` times ten to the power of `pointAt`, so 0.001 is `1` at -2 and 1e11 is `1` at
 * 12.
 */
function isInRange(significant: string, pointAt: number): boolean {
  return pointAt >= -2 && (pointAt <= 11 || (pointAt === 12 && significant === '1'))
}

function plainDecimal(significant: string, pointAt: number): string {
  if (pointAt <= 0) return `0.${'0'.repeat(-pointAt)}${significant}`
  if (pointAt >= significant.length) return significant.padEnd(pointAt, '0')
  return `${significant.slice(0, pointAt)}.${significant.slice(pointAt)}`
}

function countLeadingZeros(digits: string): number {
  let count = 0
  while (digits.charCodeAt(count) === 0x30) count++
  return count
}

function countWithoutTrailingZeros(digits: string): number {
  let count = digits.length
  while (digits.charCodeAt(count - 1) === 0x30) count--
  return count
}
