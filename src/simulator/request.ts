import { type ClaimedTime, claimedTime } from './created-at.ts'

/** Identifiers by which Adjust finds a device. `external_device_id` is passed through and finds none. */
export const DEVICE_IDENTIFIERS = [
  'adid',
  'idfa',
  'idfv',
  'gps_adid',
  'android_id',
  'fire_adid',
  'oaid',
  'web_uuid',
] as const

/** Form-decoded parameters and what was odd about their encoding. */
export interface DecodedParameters {
  values: Map<string, string>
  duplicates: boolean
  malformed: boolean
}

/** A request as Adjust sees it, decoded. */
export interface EventRequest {
  path: string
  parameters: Map<string, string>
  /** Where parameters were found; a careful sender uses one place. */
  inUrl: boolean
  inBody: boolean
  duplicateParameters: boolean
  malformedEncoding: boolean
  /** The token of `Authorization: Bearer …`; null without one. */
  bearerToken: string | null
  /** URL and body together. */
  sizeBytes: number
  receivedAtMs: number
  claimedTime: ClaimedTime
  /** Identifiers of the device, without all-zero ones, as they were sent. */
  identifiers: Record<string, string>
  callbackParams: Flat
  partnerParams: Flat
}

/** A parameter that has to be a flat JSON object of strings. */
export type Flat = Record<string, string> | 'absent' | 'invalid'

export interface RawRequest {
  path: string
  query: string
  /** The form body as text; empty if there was none, or if it was no form. */
  form: string
  authorization: string | undefined
  sizeBytes: number
  receivedAtMs: number
}

export function readRequest(raw: RawRequest): EventRequest {
  const decoded = decodeParameters(raw.query, raw.form)
  const parameters = decoded.values
  return {
    path: raw.path,
    parameters,
    inUrl: raw.query !== '',
    inBody: raw.form !== '',
    duplicateParameters: decoded.duplicates,
    malformedEncoding: decoded.malformed,
    bearerToken: /^bearer +(.+)$/i.exec(raw.authorization ?? '')?.[1] ?? null,
    sizeBytes: raw.sizeBytes,
    receivedAtMs: raw.receivedAtMs,
    claimedTime: claimedTime(parameters),
    identifiers: readIdentifiers(parameters),
    callbackParams: readFlat(parameters.get('callback_params')),
    partnerParams: readFlat(parameters.get('partner_params')),
  }
}

/** Decodes `a=b&c=d` texts, `+` as a space; of a name that comes twice the first value holds. */
export function decodeParameters(...forms: string[]): DecodedParameters {
  const decoded = { values: new Map<string, string>(), duplicates: false, malformed: false }
  for (const pair of forms.flatMap((form) => form.split('&'))) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1))
    if (name === null || value === null) decoded.malformed = true
    else if (decoded.values.has(name)) decoded.duplicates = true
    else decoded.values.set(name, value)
  }
  return decoded
}

/** null for percent signs that encode nothing, or no UTF-8; such a parameter is dropped. */
function decode(text: string): string | null {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return null
  }
}

function readIdentifiers(parameters: ReadonlyMap<string, string>): Record<string, string> {
  const identifiers: Record<string, string> = {}
  for (const kind of DEVICE_IDENTIFIERS) {
    const value = parameters.get(kind)
    if (value && !isAllZero(value)) identifiers[kind] = value
  }
  return identifiers
}

/** `00000000-0000-0000-0000-000000000000` in any of its spellings: a device that opted out, no identifier. */
export function isAllZero(value: string): boolean {
  return /^[0-]*0[0-]*$/.test(value)
}

function readFlat(text: string | undefined): Flat {
  if (text === undefined) return 'absent'
  try {
    const value: unknown = JSON.parse(text)
    return isFlat(value) ? value : 'invalid'
  } catch {
    return 'invalid'
  }
}

function isFlat(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((inner) => typeof inner === 'string')
}

/** The time that Adjust works with, epoch milliseconds: its own receive time where it cannot read the request's. */
export function effectiveTimeMs({ claimedTime, receivedAtMs }: EventRequest): number {
  return claimedTime.kind === 'given' ? claimedTime.epochMs : Math.floor(receivedAtMs)
}
