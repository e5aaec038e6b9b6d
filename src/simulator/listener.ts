import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { TerminalError } from '../domain/errors.ts'

/** The simulator is for this machine only. */
const HOST = '127.0.0.1'

/**
 * The listening socket, apart from the HTTP server: it can go away and come back while open connections live on,
 * so that connecting really is refused.
 */
export class Listener {
  private readonly http: HttpServer
  private socket: Server | null = null
  /** An HTTP server knows the connections of its own socket only, so these are kept here. */
  private readonly connections = new Set<Socket>()
  private readonly busy = new Set<Socket>()
  /** 0 until the first `listen`, if any free port will do. */
  port: number

  constructor(http: HttpServer, port: number) {
    this.http = http
    this.port = port
    http.on('request', ({ socket }, response) => {
      this.busy.add(socket)
      response.on('close', () => this.busy.delete(socket))
    })
  }

  get listening(): boolean {
    return this.socket !== null
  }

  /** Throws TerminalError when the port cannot be had. */
  async listen(): Promise<void> {
    const socket = createServer({ noDelay: true }, (connection) => this.accept(connection))
    this.socket = socket
    try {
      socket.listen({ port: this.port, host: HOST, backlog: 1024 })
      await once(socket, 'listening')
    } catch (error) {
      this.socket = null
      throw explain(error, this.port)
    }
    // Closed again while it was opening: there is no address any more.
    this.port = (socket.address() as AddressInfo | null)?.port ?? this.port
  }

  /** From here on connecting is refused; open connections stay. */
  refuse(): void {
    this.socket?.close()
    this.socket = null
  }

  /** Closes connections on which no request waits for its answer. */
  closeIdle(): void {
    for (const connection of this.connections) if (!this.busy.has(connection)) connection.destroy()
  }

  closeAll(): void {
    for (const connection of this.connections) connection.destroy()
  }

  private accept(connection: Socket): void {
    this.connections.add(connection)
    connection.on('close', () => this.connections.delete(connection))
    this.http.emit('connection', connection)
  }
}

function explain(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new TerminalError(`Port ${port} is in use.`, {
      hint: 'Choose another with --port, or --port 0 for any that is free.',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'ERR_SOCKET_BAD_PORT') {
    return new TerminalError(`Port ${port} cannot be listened on (${code}).`, {
      hint: 'Give --port a number from 1024 to 65535, or 0 for any that is free.',
      cause: error,
    })
  }
  return error
}
