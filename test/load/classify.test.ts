import { describe, expect, it } from 'vitest'
import { classify } from '../../src/load/classify.ts'

interface Given {
  status: number
  body: string
  retryAfterMs?: number
}

const verdictOf = ({ status, body, retryAfterMs = 0 }: Given) =>
  classify({ kind: 'answered', status, body, retryAfterMs: retryAfterMs === 0 ? null : retryAfterMs })

/** `settled rejected bad_event_state`, and what stops. */
function meaningOf(given: Given): string {
  const { finding, stops } = verdictOf(given)
  const words = [
    finding.kind,
    'status' in finding ? finding.status : '',
    'reason' in finding ? finding.reason : '',
  ]
  return [...words, stops === null ? '' : `stops ${stops}`].filter((word) => word !== '').join(' ')
}

const failed = (message: string) => JSON.stringify({ error: `Event request failed (${message})` })
const page = (status: number, text: string) =>
  `<html>\r\n<head><title>${status} ${text}</title></head>\r\n<body><h1>${status} ${text}</h1></body></html>`

const IN_DOUBT = 'in_doubt undocumented_answer'

/** The table of answers in Adjust's documentation: status, message, meaning. */
const DOCUMENTED: [number, string, string][] = [
  [400, 'Ignoring event, earlier unique event tracked', 'settled duplicate earlier_unique_event'],
  [400, 'Bad event state', 'settled rejected bad_event_state'],
  [400, 'Invalid callback parameters', 'settled rejected invalid_callback_parameters'],
  [400, 'Invalid revenue', 'settled rejected invalid_revenue'],
  [400, 'Invalid app token', 'settled rejected invalid_app_token stops app'],
  [400, 'Invalid event token', 'settled rejected invalid_event_token stops token'],
  [401, 'Failed to authorize request', 'deferred credentials_refused stops run'],
  [403, 'App is inactive', 'deferred app_stopped stops app'],
  [403, 'Tracking disabled', 'deferred token_stopped stops token'],
  [403, 'Event token blocklisted', 'deferred token_stopped stops token'],
  [403, 'Event token blacklisted', 'deferred token_stopped stops token'],
  [404, 'App token not found', 'deferred app_stopped stops app'],
  [404, 'Device not found', 'device_not_found'],
  [413, 'Request size too large', 'settled rejected request_too_large'],
  [451, 'Device is opted out', 'settled rejected device_opted_out'],
  [500, 'Internal error, contact support@adjust.com', 'retry internal_error'],
]

describe.each(DOCUMENTED)('an answer %i "%s"', (status, message, meaning) => {
  it(`means: ${meaning}`, () => {
    expect(meaningOf({ status, body: failed(message) })).toBe(meaning)
  })

  it('means the same with any other status', () => {
    for (const other of [200, 202, 400, 401, 403, 404, 413, 422, 429, 451, 500, 502, 503]) {
      expect([other, meaningOf({ status: other, body: failed(message) })]).toEqual([other, meaning])
    }
  })

  it('means the same in upper and in lower case', () => {
    expect(meaningOf({ status, body: failed(message).replace(message, message.toUpperCase()) })).toBe(meaning)
    expect(meaningOf({ status, body: failed(message.toLowerCase()).toLowerCase() })).toBe(meaning)
  })

  it('means the same with more text in the brackets', () => {
    for (const more of [`${message} (device abc)`, `${message}: see docs`, `Sorry: ${message}`]) {
      expect(meaningOf({ status, body: failed(more) })).toBe(meaning)
    }
  })

  it('means the same as plain text, with the brackets and without', () => {
    expect(meaningOf({ status, body: `Event request failed (${message})` })).toBe(meaning)
    expect(meaningOf({ status, body: ` ${message}\n` })).toBe(meaning)
  })

  it('means the same for sessions and ad revenue', () => {
    expect(meaningOf({ status, body: `{"error":"Session request failed (${message})"}` })).toBe(meaning)
    expect(meaningOf({ status, body: `{"error":"Ad revenue request failed (${message})"}` })).toBe(meaning)
  })

  it('keeps the whole message and the status for people', () => {
    const verdict = verdictOf({ status, body: failed(`${message} (more)`) })
    expect(verdict).toMatchObject({ httpStatus: status, message: `${message} (more)` })
  })
})

describe('a good answer', () => {
  it.each(['OK', 'ok\n', '{"status":"OK"}', '{ "status" : "ok", "adid": "x" }', '"OK"'])(
    'is delivered: 200 %s',
    (body) => expect(meaningOf({ status: 200, body })).toBe('settled delivered ok'),
  )

  it.each([
    '',
    ' ',
    '{}',
    '{"status":"KO"}',
    '{"status":"OK"',
    'OKAY',
    'null',
    '[]',
    page(200, 'OK'),
    'Not OK',
  ])('is nothing else with 200: %s', (body) => expect(meaningOf({ status: 200, body })).toBe(IN_DOUBT))

  it.each([201, 202, 204, 206, 301, 302, 400, 404, 500, 503])('is not an OK with status %i', (status) => {
    expect(meaningOf({ status, body: 'OK' })).toBe(IN_DOUBT)
  })
})

describe('an answer about the authentication token', () => {
  const bodies = (message: string) => [
    message,
    failed(message),
    JSON.stringify({ message }),
    `OK. ${message}.`,
  ]

  it.each(['Missing authentication token', 'Wrong authentication token'])(
    'with 202 is delivered, never plainly: %s',
    (message) => {
      for (const body of [...bodies(message), message.toUpperCase()]) {
        expect(meaningOf({ status: 202, body })).toBe('settled delivered ok_unauthenticated stops run')
      }
    },
  )

  it('with an error status is a refusal', () => {
    for (const status of [400, 401, 403]) {
      expect(meaningOf({ status, body: failed('Wrong authentication token') })).toBe(
        'deferred credentials_refused stops run',
      )
    }
  })

  it('in a sentence of somebody else is in doubt', () => {
    expect(meaningOf({ status: 502, body: 'proxy: missing authentication token' })).toBe(IN_DOUBT)
    expect(meaningOf({ status: 200, body: 'proxy: missing authentication token' })).toBe(IN_DOUBT)
  })

  it('is never plain success with 202, whatever the body', () => {
    for (const body of ['', 'OK', '{"status":"OK"}', 'Accepted', page(202, 'Missing authentication token')]) {
      expect(meaningOf({ status: 202, body })).toBe(IN_DOUBT)
    }
  })
})

describe('an answer that is not in the table', () => {
  it.each([400, 403, 404, 405, 408, 418, 451, 500, 501, 502, 503, 504, 520, 302, 200])(
    'is in doubt when it is a page with status %i',
    (status) => {
      expect(meaningOf({ status, body: page(status, 'Whatever') })).toBe(IN_DOUBT)
      expect(meaningOf({ status, body: '' })).toBe(IN_DOUBT)
    },
  )

  it.each([
    page(500, 'Internal Server Error'),
    page(500, 'Internal error, contact support@adjust.com'),
    '<p>Event request failed (Internal error, contact support@adjust.com)</p>',
    'Internal Server Error',
    'internal error, contact support@gateway.example',
    'upstream request failed (timeout)',
    '{"error":"upstream request failed (timeout)"}',
    '{"message":"Internal server error"}',
    '{"error":"Event request failed (Internal error',
    'The gateway says: Internal error, contact support@adjust.com',
    `Internal error, contact support@adjust.com ${'x'.repeat(200)}`,
  ])('is never sent again for a 500 that may come from something in between: %s', (body) => {
    for (const status of [500, 502, 503, 504]) expect(meaningOf({ status, body })).toBe(IN_DOUBT)
  })

  it('is retried for a 500 with a documented error of unknown words, and in doubt with another 5xx', () => {
    expect(meaningOf({ status: 500, body: failed('Something new') })).toBe('retry internal_error')
    for (const status of [501, 502, 503, 504]) {
      expect(meaningOf({ status, body: failed('Something new') })).toBe(IN_DOUBT)
    }
  })

  it('is rejected for a 4xx with a documented error of unknown words', () => {
    for (const status of [400, 403, 404, 422]) {
      expect(meaningOf({ status, body: failed('Something new') })).toBe('settled rejected refused')
    }
  })

  it('is in doubt when a documented message stands somewhere in a text of unknown shape', () => {
    expect(meaningOf({ status: 400, body: 'We think that this is a bad event state' })).toBe(IN_DOUBT)
    expect(meaningOf({ status: 400, body: page(400, 'Bad event state') })).toBe(IN_DOUBT)
  })

  it('takes the message at the beginning of the brackets before one that is quoted in them', () => {
    expect(meaningOf({ status: 400, body: failed('Invalid event token "device not found"') })).toBe(
      'settled rejected invalid_event_token stops token',
    )
  })
})

describe('an answer whose status alone tells', () => {
  it.each(['', 'Too Many Requests', page(429, 'Too Many Requests'), failed('Slow down')])(
    'is retried after the time that a 429 asks for: %s',
    (body) => {
      const { finding, stops } = verdictOf({ status: 429, body, retryAfterMs: 7_000 })
      expect({ finding, stops }).toEqual({
        finding: { kind: 'retry', reason: 'rate_limited', retryAfterMs: 7_000 },
        stops: null,
      })
    },
  )

  it('stops the run for any 401, and rejects for any 413', () => {
    for (const body of ['', 'Unauthorized', page(401, 'Unauthorized'), failed('No')]) {
      expect(meaningOf({ status: 401, body })).toBe('deferred credentials_refused stops run')
      expect(meaningOf({ status: 413, body })).toBe('settled rejected request_too_large')
    }
  })

  it("suppresses a device for a 451 only in Adjust's own words", () => {
    expect(meaningOf({ status: 451, body: failed('Opted out by the user') })).toBe(
      'settled rejected device_opted_out',
    )
    expect(meaningOf({ status: 451, body: 'Unavailable For Legal Reasons' })).toBe(IN_DOUBT)
  })
})

describe('no whole answer', () => {
  it('is retried when nothing was sent, and in doubt otherwise', () => {
    const findingOf = (kind: 'not_sent' | 'lost' | 'timed_out') => classify({ kind, message: 'why' }).finding
    expect(findingOf('not_sent')).toEqual({ kind: 'retry', reason: 'not_sent', retryAfterMs: null })
    expect(findingOf('lost')).toEqual({ kind: 'in_doubt', reason: 'connection_lost' })
    expect(findingOf('timed_out')).toEqual({ kind: 'in_doubt', reason: 'timed_out' })
  })

  it('keeps what broke', () => {
    expect(classify({ kind: 'lost', message: 'ECONNRESET' })).toMatchObject({
      httpStatus: null,
      message: 'ECONNRESET',
      stops: null,
    })
  })
})

describe('what is kept of an answer', () => {
  it('is at most 500 characters', () => {
    expect(verdictOf({ status: 502, body: 'x'.repeat(100_000) }).message).toHaveLength(500)
  })
})
