import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { jobIdOf, type RestCall, restCall } from './calls.ts'
import type { RestAnswer } from './rest-error.ts'

/** A request of the REST API, read to its end. */
export interface RestRequest {
  call: RestCall
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** The body as JSON; null when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: requests of the whole API pass through here.
  json: any
  jobId: string | null
}

export type Forward = (
  request: Pick<RestRequest, 'method' | 'path' | 'headers' | 'body'>,
) => Promise<RestAnswer>

export async function readRequest(incoming: IncomingMessage): Promise<RestRequest> {
  const [method, path] = [incoming.method!, incoming.url!]
  const body = await buffer(incoming)
  const value = parse(body)
  return {
    call: restCall(method, path),
    method,
    path,
    query: new URL(path, 'http://proxy').searchParams,
    headers: incoming.headers,
    body,
    json: value,
    jobId: jobIdOf(path) ?? value?.jobReference?.jobId ?? null,
  }
}

function parse(body: Buffer) {
  try {
    return JSON.parse(body.toString())
  } catch {
    return null
  }
}

/** Headers of one connection, or that no longer fit once a body has been read whole. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
  'accept-encoding',
]

/** Sends requests on to the server and reads their answers whole. Rejects when the server cannot be reached. */
export function forwardTo(serverUrl: string, agent: Agent): Forward {
  return async ({ method, path, headers, body }) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const sent = { ...without(headers), 'content-length': String(body.length) }
    request(new URL(path, serverUrl), { method, headers: sent, agent })
      .once('response', resolve)
      .once('error', reject)
      .end(body)
    const answer = await promise
    return { status: answer.statusCode!, headers: without(answer.headers), body: await buffer(answer) }
  }
}

function without(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !HOP_BY_HOP.includes(name),
  )
  return Object.fromEntries(kept) as Record<string, string | string[]>
}
