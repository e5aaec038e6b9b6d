import { IDENTIFIERS } from '../domain/event.ts'
import { cut, type Fault, fault, isFault } from './fault.ts'
import { encodeValue, wellFormed } from './form-encoding.ts'
import { encodeFlatObject, type FlatObject, readFlatObject } from './json-object.ts'

/** Names that `parameters` may not use: each has a column of its own, or the program sets it. */
const RESERVED: ReadonlySet<string> = new Set([
  's2s',
  'app_token',
  'event_token',
  'created_at',
  'created_at_unix',
  'environment',
  'revenue',
  'currency',
  'ip_address',
  'user_agent',
  'os_name',
  'callback_params',
  'partner_params',
  'transaction_id',
  'occurred_at',
  'kind',
  'parameters',
  ...IDENTIFIERS,
])

/**
 * `&callback_params=…` with the transaction id in it, by which Adjust's raw data export is joined with the
 * source again. An id of the row's own object that says something else gives way, with the warning
 * `callback_transaction_id_replaced`. Faults: those of `readFlatObject`.
 */
export function callbackParameters(
  transactionId: string,
  json: string | null,
  warnings: string[],
): string | Fault {
  const given = readFlatObject('callback_params', json, warnings)
  if (isFault(given)) return given
  const ours = wellFormed(transactionId, warnings)
  const theirs = given.find(([name]) => name === 'transaction_id')
  if (theirs && theirs[1] !== ours) warnings.push('callback_transaction_id_replaced')
  const others = theirs ? given.filter(([name]) => name !== 'transaction_id') : given
  return `&callback_params=${encodeFlatObject([['transaction_id', ours], ...others])}`
}

/** `&partner_params=…`, or nothing when the row has none. Faults: those of `readFlatObject`. */
export function partnerParameters(json: string | null, warnings: string[]): string | Fault {
  const given = readFlatObject('partner_params', json, warnings)
  if (isFault(given)) return given
  return given.length === 0 ? '' : `&partner_params=${encodeFlatObject(given)}`
}

/**
 * Further parameters of the column `parameters`, checked. Faults: those of `readFlatObject`,
 * `parameters_reserved`. A name that Adjust does not know is passed on: its list grows faster than this
 * program.
 */
export function readFurtherParameters(json: string | null, warnings: string[]): FlatObject | Fault {
  const given = readFlatObject('parameters', json, warnings)
  if (isFault(given)) return given
  for (const [name] of given) {
    if (name === '') return fault('parameters_malformed', 'parameters has a parameter without a name')
    if (RESERVED.has(name)) return fault('parameters_reserved', `parameters.${cut(name)}`)
  }
  return given
}

/** `&name=text` for each of them. */
export function encodeFurtherParameters(further: FlatObject, warnings: string[]): string {
  let parameters = ''
  for (const [name, text] of further) {
    parameters += `&${encodeValue(name, warnings)}=${encodeValue(text, warnings)}`
  }
  return parameters
}
