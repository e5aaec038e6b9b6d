import type { ServerResponse } from 'node:http'
import type { Random } from '../domain/clock.ts'
import type { Answer } from './answers.ts'
import type { Fault } from './fault-plan.ts'
import type { Timers } from './timers.ts'

/** An answer on its way out. Faults that break the connection have none. */
export interface Delivery {
  answer: Answer | null
  headers: Record<string, string>
}

/** What goes out for a request: the right answer, or what a fault puts in its place. */
export function prepareDelivery(
  fault: Fault | null,
  answer: Answer,
  nowMs: number,
  random: Random,
): Delivery {
  switch (fault?.name) {
    case 'too_many_requests':
      return { answer: text(429, 'Too Many Requests'), headers: retryAfter(fault, nowMs) }
    case 'gateway_error':
      return { answer: gatewayPage(pick(fault.statuses, random)), headers: {} }
    case 'garbage_body':
      return { answer: { ...pick(GARBAGE, random), status: 200, message: 'garbage' }, headers: {} }
    case 'reset_before_reading':
    case 'reset_after_accepting':
    case 'no_answer':
      return { answer: null, headers: {} }
    default:
      return { answer, headers: {} }
  }
}

/** Puts a delivery on the wire, the way that its fault wants it. */
export function deliver(
  response: ServerResponse,
  { answer, headers }: Delivery,
  fault: Fault | null,
  timers: Timers,
): void {
  // The sender may have hung up while the answer was on its way.
  if (response.destroyed) return
  if (answer === null) return fault?.name === 'no_answer' ? undefined : reset(response)
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': body.length,
    ...headers,
  })
  if (fault?.name !== 'slow_body') return void response.end(body)
  response.flushHeaders()
  drip(response, body, fault.byte_every_ms, timers)
}

/** RST, not FIN: the sender sees a broken connection at once. */
function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy()
}

function drip(response: ServerResponse, body: Buffer, byteEveryMs: number, timers: Timers, sent = 0): void {
  timers.after(byteEveryMs, () => {
    if (response.destroyed) return
    if (sent === body.length - 1) return void response.end(body.subarray(sent))
    response.write(body.subarray(sent, sent + 1))
    drip(response, body, byteEveryMs, timers, sent + 1)
  })
}

function retryAfter(
  fault: Extract<Fault, { name: 'too_many_requests' }>,
  nowMs: number,
): Record<string, string> {
  const seconds = fault.retry_after_seconds
  if (seconds === null) return {}
  const isDate = fault.retry_after_form === 'date'
  // An HTTP date has no fractions: rounded up, so that it never asks for less than it was told to.
  const date = new Date(Math.ceil(nowMs / 1000 + seconds) * 1000).toUTCString()
  return { 'retry-after': isDate ? date : String(seconds) }
}

function text(status: number, message: string): Answer {
  return { status, message, contentType: 'text/plain; charset=utf-8', body: message }
}

function gatewayPage(status: number): Answer {
  const body = `<html>\r\n<head><title>${status} Gateway</title></head>\r\n<body><center><h1>${status}</h1></center><hr><center>gateway</center></body>\r\n</html>\r\n`
  return { status, message: 'gateway page', contentType: 'text/html', body }
}

const GARBAGE = [
  { contentType: 'application/json', body: '{"stat' },
  { contentType: 'text/html', body: '<html><body>Please log in to this network.</body></html>' },
  { contentType: 'text/plain; charset=utf-8', body: 'KO \u0000\u0001\ufffd\ufffd' },
  { contentType: 'application/json', body: '{"pong":true}' },
]

function pick<Choice>(choices: readonly Choice[], random: Random): Choice {
  return choices[Math.floor(random() * choices.length)]!
}
