import type { AnswerVariants } from './world.ts'

interface AnswerEntry {
  status: number
  message: string
}

/** Adjust's answers in its own words. Those after the blank line are documented nowhere, and the words are ours. */
export const ANSWERS = {
  ok: { status: 200, message: 'OK' },
  authenticationMissing: { status: 202, message: 'Missing authentication token' },
  authenticationWrong: { status: 202, message: 'Wrong authentication token' },
  earlierUniqueEvent: { status: 400, message: 'Ignoring event, earlier unique event tracked' },
  badEventState: { status: 400, message: 'Bad event state' },
  invalidCallbackParameters: { status: 400, message: 'Invalid callback parameters' },
  invalidRevenue: { status: 400, message: 'Invalid revenue' },
  invalidAppToken: { status: 400, message: 'Invalid app token' },
  invalidEventToken: { status: 400, message: 'Invalid event token' },
  notAuthorized: { status: 401, message: 'Failed to authorize request' },
  appInactive: { status: 403, message: 'App is inactive' },
  trackingDisabled: { status: 403, message: 'Tracking disabled' },
  eventTokenBlocklisted: { status: 403, message: 'Event token blocklisted' },
  appTokenNotFound: { status: 404, message: 'App token not found' },
  deviceNotFound: { status: 404, message: 'Device not found' },
  requestTooLarge: { status: 413, message: 'Request size too large' },
  deviceOptedOut: { status: 451, message: 'Device is opted out' },
  internalError: { status: 500, message: 'Internal error, contact support@adjust.com' },

  s2sMissing: { status: 400, message: 'Parameter s2s=1 missing' },
  invalidAdRevenue: { status: 400, message: 'Invalid ad revenue parameters' },
  sessionsNotEnabled: { status: 403, message: 'Sessions are not enabled for this app' },
  endpointUnknown: { status: 404, message: 'Endpoint not found' },
  methodNotAllowed: { status: 405, message: 'Method not allowed' },
  httpUnreadable: { status: 400, message: 'Bad request' },
} as const satisfies Record<string, AnswerEntry>

export type AnswerName = keyof typeof ANSWERS

/** What goes out on the wire. `message` is what stands in the brackets, or `OK`. */
export interface Answer {
  readonly status: number
  readonly message: string
  readonly contentType: string
  readonly body: string
}

const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** Words an answer as the world's variants say. */
export function wordAnswer(name: AnswerName, variants: AnswerVariants): Answer {
  const documented = ANSWERS[name]
  const status = variants.statuses[documented.message] ?? documented.status
  if (name === 'ok') return { status, message: 'OK', ...wordOk(variants) }
  const spelled = documented.message.replace('blocklisted', variants.blocklist_spelling)
  const message = variants.extra_text === '' ? spelled : `${spelled} ${variants.extra_text}`
  return { status, message, ...wordFailure(message, variants) }
}

function wordOk({ ok }: AnswerVariants) {
  return ok === 'json'
    ? { contentType: JSON_TYPE, body: '{"status":"OK"}' }
    : { contentType: TEXT_TYPE, body: 'OK' }
}

function wordFailure(message: string, { failure }: AnswerVariants) {
  const error = `Event request failed (${message})`
  if (failure === 'text') return { contentType: TEXT_TYPE, body: error }
  return { contentType: failure === 'json' ? JSON_TYPE : TEXT_TYPE, body: JSON.stringify({ error }) }
}
