import currencyCodes from 'currency-codes'
import { excerpt, type Fault, fault } from './fault.ts'

/**
 * Amendments to ISO 4217 that are newer than the package's list: the Caribbean guilder, in use since
 * 2025-03-31.
 */
const AMENDMENTS = ['XCG']

const ISO_4217: ReadonlySet<string> = new Set([...currencyCodes.codes(), ...AMENDMENTS])

export interface Currency {
  code: string
}

/**
 * Reads the currency of a row that has revenue: an active ISO 4217 code, in upper case.
 * Faults: `currency_missing` (NULL or blank), `currency_unknown`.
 */
export function readCurrency(text: string | null): Currency | Fault {
  const code = text?.trim().toUpperCase() ?? ''
  if (code === '') return fault('currency_missing', 'revenue without currency')
  if (!ISO_4217.has(code)) return fault('currency_unknown', `currency is ${excerpt(text ?? '')}`)
  return { code }
}
