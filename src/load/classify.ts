import type { Reason } from '../domain/reason.ts'
import type { Answer } from './answer.ts'

/** What an answer says of the event. */
export type Finding =
  | { kind: 'settled'; status: 'delivered' | 'duplicate' | 'rejected'; reason: Reason }
  /** Adjust did not take it, and will not in this run. */
  | { kind: 'deferred'; reason: Reason }
  | { kind: 'device_not_found' }
  | { kind: 'retry'; reason: 'rate_limited' | 'internal_error' | 'not_sent'; retryAfterMs: number | null }
  | { kind: 'in_doubt'; reason: Reason }

export interface Verdict {
  finding: Finding
  /** What must not send any more, because every further request would meet the same refusal. */
  stops: 'token' | 'app' | 'run' | null
  httpStatus: number | null
  /** Adjust's own words, or what broke; for people. */
  message: string
}

type Documented = Pick<Verdict, 'finding' | 'stops'>

const rejected = (reason: Reason, stops: Verdict['stops'] = null): Documented => ({
  finding: { kind: 'settled', status: 'rejected', reason },
  stops,
})
const duplicate: Documented = {
  finding: { kind: 'settled', status: 'duplicate', reason: 'earlier_unique_event' },
  stops: null,
}
const refused = (reason: Reason, stops: 'token' | 'app' | 'run'): Documented => ({
  finding: { kind: 'deferred', reason },
  stops,
})
const retry = (
  reason: 'rate_limited' | 'internal_error',
  retryAfterMs: number | null = null,
): Documented => ({
  finding: { kind: 'retry', reason, retryAfterMs },
  stops: null,
})
const inDoubt = (reason: Reason): Documented => ({ finding: { kind: 'in_doubt', reason }, stops: null })

/** Adjust's documented messages in lower case. The message decides, because the same one comes with several statuses. */
const DOCUMENTED: readonly (readonly [string, Documented])[] = [
  ['ignoring event, earlier unique event tracked', duplicate],
  ['earlier unique event tracked', duplicate],
  ['bad event state', rejected('bad_event_state')],
  ['invalid callback parameters', rejected('invalid_callback_parameters')],
  ['invalid revenue', rejected('invalid_revenue')],
  ['invalid app token', rejected('invalid_app_token', 'app')],
  ['invalid event token', rejected('invalid_event_token', 'token')],
  ['failed to authorize request', refused('credentials_refused', 'run')],
  ['app is inactive', refused('app_stopped', 'app')],
  ['app token not found', refused('app_stopped', 'app')],
  ['tracking disabled', refused('token_stopped', 'token')],
  ['event token blocklisted', refused('token_stopped', 'token')],
  ['event token blacklisted', refused('token_stopped', 'token')],
  ['device not found', { finding: { kind: 'device_not_found' }, stops: null }],
  ['device is opted out', rejected('device_opted_out')],
  ['request size too large', rejected('request_too_large')],
  // With its address, because a retry is only safe when it was Adjust that failed, and not something in between.
  ['internal error, contact support@adjust.com', retry('internal_error')],
]

/** Of these the catalogue of errors has every one: docs/errors.md. */
export const DOCUMENTED_MESSAGES: readonly string[] = DOCUMENTED.map(([message]) => message)

const UNAUTHENTICATED = ['missing authentication token', 'wrong authentication token']

/** Longest plain text that is taken for a bare message of Adjust's rather than for a page of somebody else's. */
const BARE_MESSAGE_MAX_LENGTH = 200
/** Enough of a message for a person; a gateway's page can be long. */
const KEPT_MESSAGE_LENGTH = 500

/**
 * Says what an answer means, by the table of answers in Adjust's server-to-server documentation: the message first, without
 * regard to case, then the status. What the table does not settle is in doubt, because a second try could count the event twice.
 */
export function classify(answer: Answer): Verdict {
  if (answer.kind !== 'answered') return classifyFailure(answer)
  const words = documentedWords(answer.body)
  const message = (words?.message ?? answer.body).slice(0, KEPT_MESSAGE_LENGTH)
  return { ...meaning(answer, words), httpStatus: answer.status, message }
}

function classifyFailure(answer: Exclude<Answer, { kind: 'answered' }>): Verdict {
  const rest = { stops: null, httpStatus: null, message: answer.message }
  switch (answer.kind) {
    case 'not_sent':
      return { finding: { kind: 'retry', reason: 'not_sent', retryAfterMs: null }, ...rest }
    case 'lost':
      return { finding: { kind: 'in_doubt', reason: 'connection_lost' }, ...rest }
    case 'timed_out':
      return { finding: { kind: 'in_doubt', reason: 'timed_out' }, ...rest }
  }
}

interface Words {
  message: string
  /** The message in lower case. */
  text: string
  /** The body has the documented shape `Event request failed (…)`, so the event is known to have failed. */
  failed: boolean
}

function meaning(answer: Extract<Answer, { kind: 'answered' }>, words: Words | null): Documented {
  if (words !== null) {
    if (isUnauthenticated(answer.status, words)) return unauthenticated(answer.status)
    const known =
      DOCUMENTED.find(([message]) => words.text.startsWith(message)) ??
      // A bare text has to begin with the message: a sentence that merely mentions it is somebody else's.
      (words.failed ? DOCUMENTED.find(([message]) => words.text.includes(message)) : undefined)
    if (known) return known[1]
  }
  return byStatus(answer, words)
}

function byStatus(answer: Extract<Answer, { kind: 'answered' }>, words: Words | null): Documented {
  const { status, retryAfterMs } = answer
  if (status === 200 && isOk(answer.body)) {
    return { finding: { kind: 'settled', status: 'delivered', reason: 'ok' }, stops: null }
  }
  if (status === 429) return retry('rate_limited', retryAfterMs)
  if (status === 401) return refused('credentials_refused', 'run')
  if (status === 413) return rejected('request_too_large')
  if (words?.failed) {
    // A gateway blocks countries with a 451 of its own: only Adjust's words may suppress a device for good.
    if (status === 451) return rejected('device_opted_out')
    if (status === 500) return retry('internal_error', retryAfterMs)
    if (status >= 400 && status < 500) return rejected('refused')
  }
  return inDoubt('undocumented_answer')
}

function isUnauthenticated(status: number, { text, failed }: Words): boolean {
  return UNAUTHENTICATED.some((known) =>
    failed || status === 202 ? text.includes(known) : text.startsWith(known),
  )
}

/** While S2S security is off Adjust counts such an event and answers 202; with any other status it refused it. */
function unauthenticated(status: number): Documented {
  if (status >= 300) return refused('credentials_refused', 'run')
  return { finding: { kind: 'settled', status: 'delivered', reason: 'ok_unauthenticated' }, stops: 'run' }
}

/** Anchored at both ends: gateways have pages and errors of their own that say `upstream request failed (…)`. */
const REQUEST_FAILED = /^(?:event|session|ad[ _]revenue) request failed \((.*)\)\.?$/is

/** Adjust's words in a body: JSON `{"error": "Event request failed (…)"}`, the same as plain text, or a bare short message. */
function documentedWords(body: string): Words | null {
  const text = errorText(body).trim()
  const inBrackets = REQUEST_FAILED.exec(text)?.[1]
  if (inBrackets !== undefined) return wordsOf(inBrackets, true)
  return text === '' || text.length > BARE_MESSAGE_MAX_LENGTH || text.startsWith('<')
    ? null
    : wordsOf(text, false)
}

function wordsOf(message: string, failed: boolean): Words {
  return { message, text: message.trim().toLowerCase(), failed }
}

function errorText(body: string): string {
  const parsed = parseJson(body)
  if (typeof parsed === 'string') return parsed
  if (typeof parsed !== 'object' || parsed === null) return body
  const { error, message } = parsed as Record<string, unknown>
  return typeof error === 'string' ? error : typeof message === 'string' ? message : body
}

/** A page that greets with 200 is not Adjust's OK. */
function isOk(body: string): boolean {
  const parsed = parseJson(body)
  const word =
    typeof parsed === 'object' && parsed !== null
      ? (parsed as Record<string, unknown>).status
      : (parsed ?? body)
  return typeof word === 'string' && word.trim().toLowerCase() === 'ok'
}

function parseJson(text: string): unknown {
  const trimmed = text.trim()
  if (trimmed[0] !== '{' && trimmed[0] !== '"') return undefined
  try {
    return JSON.parse(trimmed)
  } catch {
    return undefined
  }
}
