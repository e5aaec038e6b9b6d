import { spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface CliOptions {
  cwd?: string
  env?: Record<string, string>
  /** Default is `src/main.ts`. */
  entry?: string
}

export async function emptyFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'adjust-s2s-cli-'))
}

/** Starts the real command with nothing of this process's environment but PATH. */
export async function startCli(args: string[], { cwd, env = {}, entry = 'src/main.ts' }: CliOptions = {}) {
  const child = spawn(process.execPath, [path.join(root, entry), ...args], {
    cwd: cwd ?? (await emptyFolder()),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const result: CliResult = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    result.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    result.stderr += text
  })
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...result, code }))
  })
  return { child, ended }
}

/** Runs the real command to its end. */
export async function runCli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  const { ended } = await startCli(args, options)
  return ended
}
