import { isIPv6 } from 'node:net'
import { DEVICE_IDENTIFIERS, type EventRequest, isAllZero } from './request.ts'

/** What a careful sender never does, though Adjust says nothing about it. The codes stand in the truth log. */
export const VIOLATIONS = {
  all_zero_id: 'An identifier of zeros, which stands for a device that opted out.',
  wrong_case_id: 'idfa and idfv are upper case; gps_adid, fire_adid, oaid and android_id lower case.',
  malformed_id: 'An identifier that is no UUID, or an android_id with hyphens.',
  ipv6_address: 'ip_address takes IPv4 only.',
  environment_missing: 'Without environment, Adjust takes the event for production.',
  environment_unknown: 'environment is neither sandbox nor production.',
  created_at_missing: 'Adjust takes the receive time, and the order mark of the device goes up to it.',
  created_at_unreadable: 'As if created_at were missing.',
  created_at_twice: 'Both created_at and created_at_unix.',
  double_encoded: 'A value that is still percent-encoded after decoding it once.',
  malformed_encoding: 'Percent signs that encode nothing, or no UTF-8.',
  duplicate_parameter: 'One name, several values.',
  parameter_name_case: 'Names are case-sensitive, and all are lower case.',
  parameters_in_url_and_body: 'One request, two places.',
  secret_in_url: 'URLs end up in logs; a token belongs in the Authorization header.',
  secret_in_body: 'A token belongs in the Authorization header.',
} as const
export type Violation = keyof typeof VIOLATIONS

const NONE: readonly Violation[] = []

/** Violations of one request, each once. `secret` is the S2S token of the request's app, if it has one. */
export function findViolations(request: EventRequest, secret?: string): readonly Violation[] {
  const found = [
    ...encodingViolations(request),
    ...identifierViolations(request.parameters),
    ...valueViolations(request),
    ...(carriesSecret(request.parameters, secret) ? [secretPlace(request)] : []),
  ]
  // Clean requests share one array: a truth log holds a million of them.
  return found.length === 0 ? NONE : [...new Set(found)]
}

const LOWER = /^[^A-Z]*$/
const UPPER = /^[^a-z]*$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const WITHOUT_HYPHENS = /^[^-]*$/

/** What each kind of identifier has to look like; those without an entry have no documented form. */
const IDENTIFIER_FORMS: Partial<Record<string, { letters: RegExp; form: RegExp }>> = {
  idfa: { letters: UPPER, form: UUID },
  idfv: { letters: UPPER, form: UUID },
  gps_adid: { letters: LOWER, form: UUID },
  fire_adid: { letters: LOWER, form: UUID },
  oaid: { letters: LOWER, form: UUID },
  android_id: { letters: LOWER, form: WITHOUT_HYPHENS },
}

function* identifierViolations(parameters: ReadonlyMap<string, string>): Generator<Violation> {
  for (const kind of DEVICE_IDENTIFIERS) {
    const value = parameters.get(kind)
    if (value === undefined) continue
    if (isAllZero(value)) yield 'all_zero_id'
    const expected = IDENTIFIER_FORMS[kind]
    if (expected && !expected.letters.test(value)) yield 'wrong_case_id'
    if (expected && !expected.form.test(value)) yield 'malformed_id'
  }
}

function* valueViolations({ parameters, claimedTime }: EventRequest): Generator<Violation> {
  const address = parameters.get('ip_address')
  if (address !== undefined && isIPv6(address)) yield 'ipv6_address'
  const environment = parameters.get('environment')
  if (environment === undefined) yield 'environment_missing'
  else if (environment !== 'sandbox' && environment !== 'production') yield 'environment_unknown'
  if (claimedTime.kind === 'missing') yield 'created_at_missing'
  if (claimedTime.kind === 'unreadable') yield 'created_at_unreadable'
  if (parameters.has('created_at') && parameters.has('created_at_unix')) yield 'created_at_twice'
}

/** In free text (`user_agent`, a device's name) `%41` may be meant; in these it never is. */
const NEVER_PERCENT = [
  ...DEVICE_IDENTIFIERS,
  'app_token',
  'event_token',
  'created_at',
  'created_at_unix',
  'revenue',
  'currency',
  'environment',
  'ip_address',
]
const ENCODED_BYTE = /%[0-9a-f]{2}/i
const ENCODED_BRACE = /^\s*%(25)*7b/i

function* encodingViolations(request: EventRequest): Generator<Violation> {
  const { parameters } = request
  if (request.malformedEncoding) yield 'malformed_encoding'
  if (request.duplicateParameters) yield 'duplicate_parameter'
  if (request.inUrl && request.inBody) yield 'parameters_in_url_and_body'
  if (NEVER_PERCENT.some((name) => ENCODED_BYTE.test(parameters.get(name) ?? ''))) yield 'double_encoded'
  for (const name of ['callback_params', 'partner_params']) {
    if (ENCODED_BRACE.test(parameters.get(name) ?? '')) yield 'double_encoded'
  }
  for (const name of parameters.keys()) if (!LOWER.test(name)) yield 'parameter_name_case'
}

const SECRET_NAME =
  /^(token|password|authorization|bearer|api_?key|(.+_)?secret|(s2s|auth|access|api|bearer)_token)$/i

function carriesSecret(parameters: ReadonlyMap<string, string>, secret: string | undefined): boolean {
  for (const [name, value] of parameters) {
    if (SECRET_NAME.test(name) || (secret !== undefined && value.includes(secret))) return true
  }
  return false
}

function secretPlace({ inUrl }: EventRequest): Violation {
  return inUrl ? 'secret_in_url' : 'secret_in_body'
}
