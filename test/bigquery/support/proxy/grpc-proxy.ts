import { connect, createServer, type Http2Server } from 'node:http2'
import { GrpcExchange } from './grpc-exchange.ts'
import type { ProxyState } from './proxy-state.ts'

/** An append may be 10 MB, more than Node's default for all that a connection holds. */
const LIMITS = { maxSessionMemory: 100, settings: { initialWindowSize: 1024 * 1024 } }

/** The proxy's side that speaks gRPC: HTTP/2 without TLS. Every connection has one of its own to the server. */
export function createGrpcProxy(state: ProxyState, serverUrl: string): Http2Server {
  const server = createServer(LIMITS)
  server.on('session', (session) => {
    const upstream = connect(serverUrl, LIMITS)
    // Connections break here on purpose, and a server that is gone has to be gone for the caller too.
    session.on('error', () => {})
    upstream.on('error', () => session.destroy())
    upstream.on('close', () => session.destroy())
    session.on('close', () => upstream.destroy())
    session.on('stream', (stream, headers) => {
      stream.on('error', () => {})
      void new GrpcExchange(state, upstream, stream, headers).run()
    })
  })
  return server
}
