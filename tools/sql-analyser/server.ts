import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** It starts in well under a second; a machine that is short of memory may take longer to load its 90 MB. */
const START_TIMEOUT_MS = 30_000

export interface RunningServer {
  port: number
  stop(): void
}

/**
 * Starts the analyser's gRPC server on a free port of this machine, and answers when it takes calls. Throws an Error with what the
 * server said when it does not start. Not the package's own `runServer()`: that one never says whether the server has started, or
 * died, and writes to our standard output.
 */
export async function startServer(): Promise<RunningServer> {
  const port = await freePort()
  const server = spawn(executable(), ['localhost', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => void server.kill('SIGKILL')
  // Nobody else would end it when this process is stopped by an error.
  process.once('exit', stop)
  server.once('exit', () => process.removeListener('exit', stop))
  await listening(server)
  return { port, stop }
}

/** The package has one for Linux and macOS each, for Intel and ARM. */
function executable(): string {
  const folder = path.dirname(fileURLToPath(import.meta.resolve('@fivetrandevelopers/zetasql')))
  const suffix = (process.arch === 'arm64' ? '_arm' : '') + (process.platform === 'darwin' ? '' : '.so')
  return path.join(folder, 'zetasql', `remote_server${suffix}`)
}

async function listening(server: ChildProcess): Promise<void> {
  let said = ''
  const started = new Promise<void>((resolve, reject) => {
    const hear = (text: string) => {
      said += text
      if (said.includes('Server listening')) resolve()
    }
    server.stdout?.setEncoding('utf8').on('data', hear)
    server.stderr?.setEncoding('utf8').on('data', hear)
    server.once('error', reject)
    server.once('exit', (code, signal) =>
      reject(new Error(`it ended with ${signal ?? code}. ${said.trim()}`)),
    )
    AbortSignal.timeout(START_TIMEOUT_MS).addEventListener('abort', () =>
      reject(new Error(`it did not answer within ${START_TIMEOUT_MS / 1000} s. ${said.trim()}`)),
    )
  })
  await started.catch((cause: Error) => {
    server.kill('SIGKILL')
    throw new Error(`the GoogleSQL analyser does not start: ${cause.message}`, { cause })
  })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, 'localhost')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port on this machine')
  return address.port
}
