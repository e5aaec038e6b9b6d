const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/
const MAX_WHOLE_DIGITS = 29
const MAX_FRACTION_DIGITS = 9

/**
 * Decimal text as a NUMERIC column takes it: at most 29 digits before the point and 9 after it, halves rounded away from zero
 * as BigQuery's cast does. `null` for what is no number, or too large: a row that is refused for its revenue keeps its place
 * in the audit table, and its message says what the revenue was.
 */
export function numericText(decimal: string): string | null {
  const match = DECIMAL.exec(decimal.trim())
  const [, sign = '', whole = '', fraction = ''] = match ?? []
  if (!match || whole + fraction === '') return null
  const kept = fraction.slice(0, MAX_FRACTION_DIGITS).padEnd(MAX_FRACTION_DIGITS, '0')
  const carry = (fraction[MAX_FRACTION_DIGITS] ?? '0') >= '5' ? 1n : 0n
  const scaled = (BigInt(whole + kept) + carry).toString().padStart(MAX_FRACTION_DIGITS + 1, '0')
  if (scaled.length > MAX_WHOLE_DIGITS + MAX_FRACTION_DIGITS) return null
  const digits = `${scaled.slice(0, -MAX_FRACTION_DIGITS)}.${scaled.slice(-MAX_FRACTION_DIGITS)}`
  return (sign === '-' ? '-' : '') + trimZeros(digits)
}

/** `12.500000000` is `12.5`, and `3.000` is `3`: what a NUMERIC prints as in BigQuery. */
export function trimZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal
}
