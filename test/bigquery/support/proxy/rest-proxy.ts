import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { BigqueryAnswers } from './bigquery-answers.ts'
import type { Fault } from './faults.ts'
import type { ProxyState } from './proxy-state.ts'
import { type RestAnswer, restError, unauthenticated } from './rest-error.ts'
import { forwardTo, type RestRequest, readRequest } from './rest-request.ts'

export interface RestProxy {
  server: Server
  answers: BigqueryAnswers
  close(): void
}

/** The proxy's side that speaks REST. */
export function createRestProxy(state: ProxyState, serverUrl: string, bytesProcessed: number): RestProxy {
  const agent = new Agent({ keepAlive: true })
  const answers = new BigqueryAnswers(forwardTo(serverUrl, agent), bytesProcessed)
  const server = createServer((incoming, outgoing) => {
    serve(state, answers, incoming, outgoing).catch((error: Error) => {
      // The caller may be gone by now; a proxy that fails in any other way is a bug, and the test sees this text.
      if (!outgoing.headersSent)
        write(outgoing, restError(500, 'internalError', `The proxy failed: ${error.stack}`))
    })
  })
  return { server, answers, close: () => agent.destroy() }
}

async function serve(
  state: ProxyState,
  answers: BigqueryAnswers,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = await readRequest(incoming)
  const fault = state.isExpired ? null : state.plan.take(candidateOf(request))
  state.record({ ...request, body: request.json, fault: state.isExpired ? 'expired' : (fault?.kind ?? null) })
  if (state.isExpired) return write(outgoing, unauthenticated())
  const answer = await answerWith(fault, request, state, answers)
  if (answer === null || fault?.kind === 'reset-after') incoming.socket.resetAndDestroy()
  else write(outgoing, answer)
}

function candidateOf(request: RestRequest) {
  return { protocol: 'rest', call: request.call, hasPageToken: request.query.has('pageToken') } as const
}

/** null: the connection is to be reset instead. */
async function answerWith(
  fault: Fault | null,
  request: RestRequest,
  state: ProxyState,
  answers: BigqueryAnswers,
): Promise<RestAnswer | null> {
  switch (fault?.kind) {
    case 'status':
      return restError(fault.status, fault.reason, fault.message)
    case 'expired-page-token':
      return restError(400, 'invalid', 'The page token is expired/invalid')
    case 'reset-before':
      return null
    case 'job-error':
      return answers.answer(request, { reason: fault.reason, message: fault.message })
    case 'hang':
      await state.plan.released()
  }
  return answers.answer(request)
}

function write(outgoing: ServerResponse, { status, headers, body }: RestAnswer): void {
  outgoing.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
}
