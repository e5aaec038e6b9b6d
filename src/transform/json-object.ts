import { cut, type Fault, fault } from './fault.ts'
import { isUnreserved, wellFormed } from './form-encoding.ts'

/** Columns of the source that hold JSON text. */
export type JsonColumn = 'callback_params' | 'partner_params' | 'parameters'

/**
 * Names and texts, in the order given; names that are whole numbers come first, as in any JavaScript object.
 */
export type FlatObject = [name: string, text: string][]

/**
 * Reads the JSON text of a flat object into strings, which is all that Adjust takes. Numbers and truth values
 * become their JSON text, digit for digit. Nulls are left out, since a STRUCT has one for each field that a
 * row does not use. NULL, blank text and JSON `null` are an empty object; of a name given twice the last
 * counts. Faults: `parameters_malformed`, `parameters_nested`, both naming the place and not the value.
 */
export function readFlatObject(
  column: JsonColumn,
  json: string | null,
  warnings: string[],
): FlatObject | Fault {
  if (json === null || json.trim() === '') return []
  const value = parseJson(json)
  if (value === null) return []
  if (typeof value !== 'object') return fault('parameters_malformed', `${column} is not a JSON object`)
  if (Array.isArray(value)) return fault('parameters_malformed', `${column} is a list, not a JSON object`)
  return flatten(column, json, value, warnings)
}

function flatten(column: JsonColumn, json: string, object: object, warnings: string[]): FlatObject | Fault {
  const flat: FlatObject = []
  let hasNumber = false
  for (const [name, part] of Object.entries(object)) {
    if (part === null) continue
    if (typeof part === 'object') return fault('parameters_nested', `${column}.${cut(name)}`)
    hasNumber ||= typeof part === 'number'
    flat.push([wellFormed(name, warnings), wellFormed(String(part), warnings)])
  }
  return hasNumber ? flatten(column, json, JSON.parse(json, numberAsText), warnings) : flat
}

/**
 * The object as JSON text whose values are all strings, encoded as a parameter value. Built by hand:
 * `__proto__` is a name like any other, and encoding part by part takes half the time of encoding the whole
 * text.
 */
export function encodeFlatObject(flat: FlatObject): string {
  let members = ''
  for (const [name, text] of flat) {
    members += `${members === '' ? '' : '%2C'}${encodeJsonString(name)}%3A${encodeJsonString(text)}`
  }
  return `%7B${members}%7D`
}

/** Characters that a form leaves alone need no escape in JSON either. */
function encodeJsonString(text: string): string {
  return isUnreserved(text) ? `%22${text}%22` : encodeURIComponent(JSON.stringify(text))
}

/** undefined for what is not JSON. The parser's message is dropped, for it quotes the text. */
function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/**
 * `1.10` and ids of twenty digits do not survive as JavaScript numbers, so the parser is asked for their
 * text.
 */
function numberAsText(_name: string, part: unknown, context?: { source: string }): unknown {
  return typeof part === 'number' ? context!.source : part
}
