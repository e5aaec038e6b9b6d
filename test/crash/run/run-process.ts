import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../src/domain/clock.ts'
import type { RunSummary } from '../../../src/summary.ts'

const ENTRY = fileURLToPath(new URL('../../../bin/adjust-s2s.js', import.meta.url))
/** The many short processes start in half the time with what the first ones compiled. */
const COMPILE_CACHE = path.join(os.tmpdir(), 'node-compile-cache')

/** How a run ended, as its scheduler sees it. Instants are epoch milliseconds. */
export interface EndedRun {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  /** Milliseconds until it said which window it covers (what an earlier process left was settled by then); null when it never did. */
  begunAfterMs: number | null
  startedAtMs: number
  endedAtMs: number
}

const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** One real `adjust-s2s run --json`, and what can be seen of it from outside. */
export class RunProcess {
  readonly ended: Promise<EndedRun>
  readonly startedAtMs = systemClock.now()
  readonly #startedAt = systemClock.monotonic()
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''
  #begunAfterMs: number | null = null
  #hasEnded = false

  constructor(folder: string, args: readonly string[] = ['run', '--json'], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [ENTRY, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    living.add(this.#child)
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => this.#log(text))
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('close', (code, signal) => resolve(this.#end(code, signal)))
    })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Milliseconds from its start until it said which window it covers; null as long as it has not. */
  get begunAfterMs(): number | null {
    return this.#begunAfterMs
  }

  /** False when there is nobody left to get the signal. */
  signal(name: NodeJS.Signals): boolean {
    return !this.#hasEnded && this.#child.exitCode === null && this.#child.kill(name)
  }

  /** Whether it has a file open whose path ends like that. Only Linux tells; elsewhere the answer is no. */
  hasOpen(ending: string): boolean {
    const folder = `/proc/${this.#child.pid}/fd`
    try {
      return readdirSync(folder).some((name) => readlinkSync(path.join(folder, name)).endsWith(ending))
    } catch {
      // The process ended, or closed a file, while it was looked at.
      return false
    }
  }

  #log(text: string): void {
    this.#stderr += text
    if (this.#begunAfterMs === null && this.#stderr.includes(' covers '))
      this.#begunAfterMs = systemClock.monotonic() - this.#startedAt
  }

  #end(code: number | null, signal: NodeJS.Signals | null): EndedRun {
    this.#hasEnded = true
    living.delete(this.#child)
    return {
      code,
      signal,
      stdout: this.#stdout,
      stderr: this.#stderr,
      begunAfterMs: this.#begunAfterMs,
      startedAtMs: this.startedAtMs,
      endedAtMs: systemClock.now(),
    }
  }
}

/** What a run printed about itself; null when it ended before it had anything to sum up. */
export function summaryOf({ stdout }: EndedRun): RunSummary | null {
  if (!stdout.endsWith('\n')) return null
  const printed = JSON.parse(stdout) as RunSummary | { error: unknown }
  return 'counts' in printed ? printed : null
}

/** The run's name, by its own log; null when it ended before it had one. */
export function runIdOf({ stderr }: EndedRun): string | null {
  return /run (\S+) covers /.exec(stderr)?.[1] ?? null
}

/** Waits for real: processes do not follow a virtual clock. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    systemClock.after(ms, resolve)
  })
}

/** Whether the run has ended within that time. */
export async function endsWithin(run: RunProcess, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const cancel = systemClock.after(ms, () => resolve(false))
  void run.ended.then(() => resolve(true))
  return promise.finally(cancel)
}
