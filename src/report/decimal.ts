/** Digits behind the point of a NUMERIC. */
const SCALE = 9
const UNIT = 10n ** BigInt(SCALE)

/** The exact sum of decimals as the warehouse prints them; no float comes near money. `0` for none. */
export function sumDecimals(decimals: readonly string[]): string {
  const sum = decimals.reduce((total, decimal) => total + scaled(decimal), 0n)
  const [sign, digits] = sum < 0n ? ['-', -sum] : ['', sum]
  const fraction = (digits % UNIT).toString().padStart(SCALE, '0').replace(/0+$/, '')
  return `${sign}${digits / UNIT}${fraction === '' ? '' : `.${fraction}`}`
}

function scaled(decimal: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(decimal)
  if (match === null)
    throw new Error(`${decimal} is no decimal with at most ${SCALE} digits behind the point`)
  const [, sign, whole, fraction = ''] = match
  return BigInt(`${sign}${whole}${fraction.padEnd(SCALE, '0')}`)
}
