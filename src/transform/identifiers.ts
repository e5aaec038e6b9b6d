import { deviceName } from '../domain/device-name.ts'
import { IDENTIFIERS, type Identifier, type SentIdentifier, type SourceRow } from '../domain/event.ts'
import { type Fault, fault } from './fault.ts'
import { encodeValue, wellFormed } from './form-encoding.ts'
import type { TransformRules } from './rules.ts'

/** Hyphens are demanded: 32 bare hexadecimal digits are more likely an MD5 of an id than the id. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Android prints 64 bits; longer ones in hexadecimal are left to Adjust to judge. */
const ANDROID_ID = /^[0-9a-f]{1,32}$/

/** Adjust does not document the form of `adid` and `web_uuid`, so only what cannot be an id is kept back. */
const PRINTABLE = /^[!-~]{1,64}$/

/** What the operating system reports for a device whose owner opted out. Never to be sent. */
const ALL_ZERO = /^[0-]+$/

/**
 * Which spelling Adjust wants; null when the value has not the form. Nothing is trimmed here: the SQL has
 * done so, and names devices by the value that it passes on.
 */
const SPELLINGS: Record<Identifier, (value: string) => string | null> = {
  adid: (value) => (PRINTABLE.test(value) ? value : null),
  idfa: (value) => (UUID.test(value) ? value.toUpperCase() : null),
  idfv: (value) => (UUID.test(value) ? value.toUpperCase() : null),
  gps_adid: (value) => (UUID.test(value) ? value.toLowerCase() : null),
  android_id: androidId,
  fire_adid: (value) => (UUID.test(value) ? value.toLowerCase() : null),
  oaid: (value) => (UUID.test(value) ? value.toLowerCase() : null),
  web_uuid: (value) => (PRINTABLE.test(value) ? value : null),
  external_device_id: (value) => (value.length <= 255 ? value : null),
  device_id: (value) => value,
}

/** An identifier that can be used, in Adjust's spelling. */
export interface UsableIdentifier {
  kind: Identifier
  value: string
}

/**
 * Keeps the identifiers that can be sent (and `device_id`, which only orders). Others are left out with a
 * warning `<kind>_all_zero` or `<kind>_malformed`; a row without a usable adid gets the warning
 * `adid_missing`. Faults: `identifier_malformed` or `identifier_missing` when none is left, `adid_missing` in
 * strict mode.
 */
export function readIdentifiers(
  given: SourceRow['identifiers'],
  adid: TransformRules['adid'],
  warnings: string[],
): UsableIdentifier[] | Fault {
  const usable: UsableIdentifier[] = []
  const malformed: Identifier[] = []
  for (const kind of IDENTIFIERS) {
    const value = given[kind]
    if (!value) continue
    const spelled = ALL_ZERO.test(value) ? null : SPELLINGS[kind](value)
    if (spelled !== null) usable.push({ kind, value: wellFormed(spelled, warnings) })
    else if (ALL_ZERO.test(value)) warnings.push(`${kind}_all_zero`)
    else {
      malformed.push(kind)
      warnings.push(`${kind}_malformed`)
    }
  }
  if (!usable.some(({ kind }) => kind !== 'device_id')) return noneLeft(malformed, warnings)
  if (usable.some(({ kind }) => kind === 'adid')) return usable
  if (adid === 'require') return fault('adid_missing', 'the row has no usable adid')
  warnings.push('adid_missing')
  return usable
}

function noneLeft(malformed: Identifier[], warnings: string[]): Fault {
  if (malformed.length > 0) return fault('identifier_malformed', `malformed: ${malformed.join(', ')}`)
  const zero = warnings.some((warning) => warning.endsWith('_all_zero'))
  return fault('identifier_missing', zero ? 'only all-zero identifiers' : 'no identifier')
}

function androidId(value: string): string | null {
  const digits = value.replaceAll('-', '').toLowerCase()
  return ANDROID_ID.test(digits) ? digits : null
}

/** The identifiers that Adjust gets: all that the row has, `device_id` never. */
export function sentIdentifiers(
  usable: readonly UsableIdentifier[],
): Partial<Record<SentIdentifier, string>> {
  const sent: Partial<Record<SentIdentifier, string>> = {}
  for (const { kind, value } of usable) {
    if (kind !== 'device_id') sent[kind] = value
  }
  return sent
}

/** `&idfa=…&gps_adid=…`, in the order of `SENT_IDENTIFIERS`. */
export function identifierParameters(usable: readonly UsableIdentifier[], warnings: string[]): string {
  let parameters = ''
  for (const { kind, value } of usable) {
    if (kind !== 'device_id') parameters += `&${kind}=${encodeValue(value, warnings)}`
  }
  return parameters
}

/**
 * Enough for a device with all ids twice over; a shared id must not make one event drag thousands of names
 * along.
 */
const MAX_DEVICE_NAMES = 32

/**
 * Names of the device: from its own identifiers first, then those that earlier runs saw together with them.
 */
export function deviceNames(
  usable: readonly UsableIdentifier[],
  knownDeviceNames: readonly string[],
): string[] {
  const names = usable.map(({ kind, value }) => deviceName(kind, value))
  for (const name of knownDeviceNames) {
    if (names.length >= MAX_DEVICE_NAMES) break
    if (!names.includes(name)) names.push(name)
  }
  return names
}
