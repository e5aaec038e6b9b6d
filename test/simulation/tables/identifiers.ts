import { deviceName } from '../../../src/domain/device-name.ts'
import { IDENTIFIERS, type Identifier } from '../../../src/domain/event.ts'
import type { SourceRecord } from './records.ts'

/** White space as Unicode defines it and both engines take it off; JavaScript's own `trim` knows another set. */
const EDGES =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g

export function trimmed(text: string): string {
  return text.replace(EDGES, '')
}

/** The byte order mark, which is no white space. */
export const MARK = '\ufeff'

export function withoutMarks(text: string): string {
  return text.replace(/^\ufeff+/, '')
}

/** Null for what is nothing but blanks. */
export function identifierOf(source: SourceRecord, kind: Identifier): string | null {
  const text = source[kind]
  return text === null ? null : withoutMarks(trimmed(text)) || null
}

/** The names of the device of a row without byte order marks, one an identifier. Nothing but zeros is the id of everybody who opted out, and names nobody. */
export function namesOf(source: SourceRecord): string[] {
  const names: string[] = []
  for (const kind of IDENTIFIERS) {
    const text = source[kind]
    const name = text === null ? null : nameOf(kind, text)
    if (name !== null) names.push(name)
  }
  return names
}

/** The same few devices come again in run after run, and a hash takes a microsecond. */
const known = new Map<Identifier, Map<string, string | null>>(IDENTIFIERS.map((kind) => [kind, new Map()]))
const KNOWN_MAX = 100_000

function nameOf(kind: Identifier, text: string): string | null {
  const names = known.get(kind)!
  let name = names.get(text)
  if (name !== undefined) return name
  const value = withoutMarks(trimmed(text))
  name = /[^0-]/.test(value) ? deviceName(kind, value) : null
  if (names.size >= KNOWN_MAX) names.clear()
  names.set(text, name)
  return name
}
