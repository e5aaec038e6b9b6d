import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CACHE, HOME, isInstalled, PYTHON } from '../../../tools/bigquery-emulator/environment.ts'

const SERVE = join(import.meta.dirname, '../../../tools/bigquery-emulator/serve.py')

/** It takes about a second on an idle machine. */
const START_TIMEOUT_MS = 60_000

/** As many lines as tell what went wrong, a Python traceback included. */
const LOG_TAIL_LINES = 60

export interface Emulator {
  /** `http://127.0.0.1:PORT` of the REST API. */
  restUrl: string
  /** `http://127.0.0.1:PORT` of the Storage Read and Write APIs: gRPC, plain text. */
  grpcUrl: string
  stop(): Promise<void>
}

/**
 * Starts a BigQuery emulator with nothing in it on free ports and returns once both answer. It goes with this process, however that
 * ends. Throws with the end of its log when it does not come up.
 */
export async function startEmulator(): Promise<Emulator> {
  if (!isInstalled())
    throw new Error('The BigQuery emulator is not installed: run `node tools/bigquery-emulator/setup.ts`.')
  const child = spawn(PYTHON, [SERVE, 'start', '--rest-port', '0', '--grpc-port', '0', '--project', 'test'], {
    // It reads a .bqemu.toml of its working directory, and asks the network for format extensions unless told not to.
    cwd: CACHE,
    env: { PATH: process.env.PATH, HOME, PYTHONUNBUFFERED: '1', BQEMU_ENABLE_FORMAT_EXTENSIONS: 'false' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { restPort, grpcPort } = await portsOf(child)
  return {
    restUrl: `http://127.0.0.1:${restPort}`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      // Closing its input ends it, see serve.py.
      child.stdin!.end()
      await exited
    },
  }
}

/** Follows the log until it has told both ports; from then on both take connections. */
async function portsOf(child: ChildProcess): Promise<{ restPort: number; grpcPort: number }> {
  const tail: string[] = []
  const ports = new Map<string, number>()
  const listening = Promise.withResolvers<void>()
  for (const stream of [child.stdout!, child.stderr!])
    createInterface(stream).on('line', (line) => {
      tail.push(line)
      if (tail.length > LOG_TAIL_LINES) tail.shift()
      const found = /"event": "(rest|grpc)\.listen"/.exec(line)?.[1]
      if (found) ports.set(found, Number(/"port": (\d+)/.exec(line)![1]))
      if (ports.size === 2) listening.resolve()
    })
  const fail = (why: string) =>
    listening.reject(new Error(`The BigQuery emulator ${why}. The end of its log:\n${tail.join('\n')}`))
  const timer = setTimeout(() => fail(`was not up after ${START_TIMEOUT_MS / 1000} s`), START_TIMEOUT_MS)
  child.once('error', (error) => fail(`could not be started: ${error.message}`))
  // `close` rather than `exit`: by then the whole log has been read.
  child.once('close', (code, signal) => fail(`ended by itself (${signal ?? `exit code ${code}`})`))
  try {
    await listening.promise
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    clearTimeout(timer)
  }
  return { restPort: ports.get('rest')!, grpcPort: ports.get('grpc')! }
}
