import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ProxiedCall } from './proxy/calls.ts'
import type { Injection } from './proxy/faults.ts'
import { createGrpcProxy } from './proxy/grpc-proxy.ts'
import { ProxyState } from './proxy/proxy-state.ts'
import { createRestProxy } from './proxy/rest-proxy.ts'

/** Stands between Google's clients and the emulator: answers as BigQuery does where the emulator differs, and lets things go wrong. */
export interface FaultProxy {
  /** `http://127.0.0.1:PORT`, as the emulator's own addresses. */
  restUrl: string
  grpcUrl: string
  /** Every call that came by since the last `clear()`, in order; not those that found the proxy down. */
  readonly calls: ProxiedCall[]
  /** What each query is said to process and to be billed for. */
  bytesProcessed: number
  /** What every table says of itself besides what the emulator knows: `expirationTime`, `timePartitioning`. */
  tableMetadata: object
  /** Lets something happen to the next calls that match, after those that were injected before. */
  inject(injection: Injection): void
  /** From now on every connection is reset at once, those that are open included. */
  down(): void
  up(): void
  /** From now on every call is refused: the token is no longer valid. */
  expireCredentials(): void
  renewCredentials(): void
  /** Lets go what hangs. */
  release(): void
  /** Forgets faults and calls, and lets everything through. Jobs keep their ids. */
  clear(): void
}

interface Options {
  bytesProcessed?: number
}

/** Starts a proxy on free ports in front of an emulator; it stops when the test ends. */
export async function startFaultProxy(
  emulator: { restUrl: string; grpcUrl: string },
  { bytesProcessed = 0 }: Options = {},
): Promise<FaultProxy> {
  const state = new ProxyState()
  const rest = createRestProxy(state, emulator.restUrl, bytesProcessed)
  const servers = [rest.server, createGrpcProxy(state, emulator.grpcUrl)]
  const sockets = trackSockets(state, servers)
  const [restUrl, grpcUrl] = (await Promise.all(servers.map(listen))) as [string, string]
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  onTestFinished(() => {
    state.plan.clear()
    reset()
    rest.close()
    for (const server of servers) server.close()
  })
  return {
    restUrl,
    grpcUrl,
    calls: state.calls,
    get bytesProcessed() {
      return rest.answers.bytesProcessed
    },
    set bytesProcessed(bytes) {
      rest.answers.bytesProcessed = bytes
    },
    get tableMetadata() {
      return rest.answers.tableMetadata
    },
    set tableMetadata(metadata) {
      rest.answers.tableMetadata = metadata
    },
    inject: (injection) => state.plan.add(injection),
    down() {
      state.isDown = true
      reset()
    },
    up: () => {
      state.isDown = false
    },
    expireCredentials: () => {
      state.isExpired = true
    },
    renewCredentials: () => {
      state.isExpired = false
    },
    release: () => state.plan.release(),
    clear() {
      state.plan.clear()
      state.calls.length = 0
      state.isDown = state.isExpired = false
    },
  }
}

function trackSockets(state: ProxyState, servers: Server[]): Set<Socket> {
  const sockets = new Set<Socket>()
  for (const server of servers)
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      if (state.isDown) socket.resetAndDestroy()
    })
  return sockets
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
