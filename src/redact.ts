import { isIP } from 'node:net'
import { IDENTIFIERS } from './domain/event.ts'

const REDACTED = '[redacted]'

const squeezed = (key: string) => key.toLowerCase().replaceAll(/[-_]/g, '')

/** Keys whose whole value goes, however they are spelled (`gps_adid`, `gpsAdid`) and whatever it is. */
const PRIVATE_KEYS: ReadonlySet<string> = new Set(
  [
    ...IDENTIFIERS,
    'device',
    'device_names',
    'identifiers',
    'ip',
    'ip_address',
    'address',
    'user_agent',
    'authorization',
    'password',
  ]
    .concat([
      'query',
      'body',
      'callback_params',
      'partner_params',
      'parameters',
      'cookie',
      'secret',
      'secrets',
    ])
    .map(squeezed),
)
const ENDS_PRIVATE = /(token|tokens|secret|password)$/

/** Names of our own things. They may look like a device id (a UUID), and without them a log line is of no use. */
const OWN_IDS: ReadonlySet<string> = new Set(['run_id', 'transaction_id', 'audit_id', 'job_id'].map(squeezed))

const names = [...IDENTIFIERS, 'ip_address', 'app_token', 'event_token', 'token', 'user_agent'].join('|')

/** What private values look like inside other text: `idfa=…`, `"idfa":"…"`, a bearer token, a UUID, a SHA-256. */
const PRIVATE_TEXT = [
  { pattern: new RegExp(`\\b(${names})("?\\s*[=:]\\s*"?)[^"&\\s,;]+`, 'gi'), replacement: `$1$2${REDACTED}` },
  { pattern: /\b(bearer)\s+[^\s"',;]+/gi, replacement: `$1 ${REDACTED}` },
  { pattern: /\b[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b/gi, replacement: REDACTED },
  { pattern: /\b[0-9a-f]{64}\b/gi, replacement: REDACTED },
]

/** Candidates alone: times of day (`12:34:56`) and places in a file look similar, so `isIP` decides. */
const ADDRESS_LIKE = [/(?<![\w:.])[0-9a-f:]*:[0-9a-f:.]*/gi, /(?<![\w.])\d+(\.\d+){3}(?!\w)/g]

/** Loopback is the simulator's: it says nothing of anybody. */
const isPrivateAddress = (text: string) => isIP(text) !== 0 && !/^(127\.|::1?$)/.test(text)

/** A full stop or a colon after an address belongs to the sentence. */
function redactAddress(candidate: string): string {
  const address = [candidate, candidate.slice(0, -1)].find(isPrivateAddress)
  return address === undefined ? candidate : REDACTED + candidate.slice(address.length)
}

function redactText(text: string): string {
  const named = PRIVATE_TEXT.reduce(
    (rest, { pattern, replacement }) => rest.replace(pattern, replacement),
    text,
  )
  return ADDRESS_LIKE.reduce((rest, pattern) => rest.replace(pattern, redactAddress), named)
}

/**
 * A copy of a log record without device ids, addresses and tokens: private keys lose their value at any depth,
 * and text loses what looks like one.
 */
export function redact(value: unknown, key = ''): unknown {
  const name = squeezed(key)
  if (PRIVATE_KEYS.has(name) || ENDS_PRIVATE.test(name)) return value === null ? null : REDACTED
  if (typeof value === 'string') return OWN_IDS.has(name) ? value : redactText(value)
  if (Array.isArray(value)) return value.map((item) => redact(item, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([inner, item]) => [inner, redact(item, inner)]))
}
