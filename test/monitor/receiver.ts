import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Received {
  method: string
  /** Path and query. */
  target: string
  body: string
  headers: IncomingMessage['headers']
}

export interface Receiver {
  url: string
  received: Received[]
  /** Called with what came; answers the status, or null to leave it without an answer. */
  answer: (request: Received) => number | null
  /** The body of the answer. */
  words: (request: Received) => string
  close(): Promise<void>
}

/** A real HTTP server on loopback that keeps what it is told, until the test ends. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = incoming
    const request = { method, target: url, body: Buffer.concat(chunks).toString(), headers }
    received.push(request)
    const status = receiver.answer(request)
    if (status !== null) response.writeHead(status).end(receiver.words(request))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(close)
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const receiver: Receiver = { url, received, answer: () => 200, words: () => '', close }
  return receiver
}
