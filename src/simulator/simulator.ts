import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, systemClock } from '../domain/clock.ts'
import { TerminalError } from '../domain/errors.ts'
import { Adjust } from './adjust.ts'
import { type AnswerName, wordAnswer } from './answers.ts'
import { handleRequest, type Stage } from './exchange.ts'
import type { FaultPlan } from './fault-plan.ts'
import { Listener } from './listener.ts'
import { RefusalWindows } from './refusal-windows.ts'
import { completeFaults, completeWorld } from './scenario.ts'
import { Timers } from './timers.ts'
import { type TruthEntry, TruthLog } from './truth-log.ts'
import { summarizeTruth, type TruthSummary } from './truth-summary.ts'
import type { World } from './world.ts'

export { loadScenario } from './scenario.ts'

export interface SimulatorOptions {
  /** On 127.0.0.1; 0 takes any free port. */
  port: number
  /** Drives every decision about faults; the same requests in the same order meet the same faults. */
  seed: number
  /** What Adjust knows; by default it takes everything. */
  world?: World
  /** What goes wrong; by default nothing. */
  faults?: FaultPlan
  /** Keep all decoded parameters in the truth log (default). Without them a million entries need some 400 MB. */
  keepParameters?: boolean
  clock?: Clock
}

/** A simulated Adjust that listens. */
export interface Simulator {
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Every request so far, in arrival order. The entries live: one that waits for its answer changes yet. */
  truth(): readonly TruthEntry[]
  summary(): TruthSummary
  /** Changes what Adjust knows; counted events and devices stay. Throws TerminalError for an unknown key. */
  setWorld(world: World): void
  /** Changes what goes wrong; the plan's request numbers and times count from here. */
  setFaults(faults: FaultPlan): void
  /** Drops open connections and frees the port. */
  close(): Promise<void>
}

/** Room for a request line of more than 1 MB, so that Adjust's own 413 can answer it. */
const MAX_HEADER_BYTES = 4_000_000

/** Longer than any sender keeps a connection idle: only planned faults break connections. */
const KEEP_ALIVE_MS = 600_000

/** A port that was free a moment ago is tried again this often after a window of refused connections. */
const REOPEN_RETRY_MS = 20

/** Starts a simulator. Throws TerminalError when the port cannot be had, or for a wrong key in world or faults. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const simulator = new RunningSimulator(options)
  await simulator.listen()
  return simulator
}

class RunningSimulator implements Simulator {
  private readonly http: Server
  private readonly listener: Listener
  private readonly stage: Stage
  private windows: RefusalWindows | null = null
  private closed = false

  constructor({ port, seed, world, faults, keepParameters = true, clock = systemClock }: SimulatorOptions) {
    // The wall clock has whole milliseconds only, and may jump; arrivals are measured on the other one.
    const originMs = clock.now() - clock.monotonic()
    const nowMs = () => originMs + clock.monotonic()
    const knownWorld = completeWorld(world ?? {})
    this.http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS })
    this.listener = new Listener(this.http, port)
    this.stage = {
      seed,
      adjust: new Adjust(knownWorld, nowMs()),
      log: new TruthLog(keepParameters),
      timers: new Timers(clock),
      world: knownWorld,
      faults: completeFaults(faults ?? {}),
      faultsSetAt: { sequence: 0, nowMs: nowMs() },
      nowMs,
      isListening: () => this.listener.listening,
    }
    this.http.on('request', (request, response) => handleRequest(this.stage, request, response))
    this.http.on('clientError', (error, socket) => this.answerUnreadable(error, socket as Socket))
  }

  get port(): number {
    return this.listener.port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async listen(): Promise<void> {
    await this.listener.listen()
    this.startFaults()
  }

  truth(): readonly TruthEntry[] {
    return this.stage.log.entries
  }

  summary(): TruthSummary {
    return summarizeTruth(this.stage.log.entries)
  }

  setWorld(world: World): void {
    this.stage.world = completeWorld(world)
    this.stage.adjust.setWorld(this.stage.world)
  }

  setFaults(faults: FaultPlan): void {
    this.stage.faults = completeFaults(faults)
    this.startFaults()
  }

  async close(): Promise<void> {
    this.closed = true
    this.windows?.stop()
    this.stage.timers.cancelAll()
    this.listener.refuse()
    this.listener.closeAll()
  }

  private startFaults(): void {
    const { stage } = this
    stage.faultsSetAt = { sequence: stage.log.entries.length, nowMs: stage.nowMs() }
    this.windows?.stop()
    const settings = stage.faults.refuse_connections
    this.windows = settings ? new RefusalWindows(settings, stage.timers, this) : null
    this.windows?.start()
  }

  /** A window of refused connections begins. */
  shut(closeIdle: boolean): void {
    this.listener.refuse()
    if (closeIdle) this.listener.closeIdle()
  }

  /** A window of refused connections is over. */
  reopen(): void {
    if (this.closed || this.listener.listening) return
    this.listener.listen().catch((error: unknown) => {
      if (!(error instanceof TerminalError)) throw error
      this.stage.timers.after(REOPEN_RETRY_MS, () => this.reopen())
    })
  }

  /** What is no HTTP never becomes a request; it is logged all the same. */
  private answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || !error.code?.startsWith('HPE_')) return void socket.destroy()
    const name: AnswerName = error.code === 'HPE_HEADER_OVERFLOW' ? 'requestTooLarge' : 'httpUnreadable'
    const { status, message, body } = wordAnswer(name, this.stage.world.answers)
    const entry = this.stage.log.open('', '', this.stage.nowMs())
    this.stage.log.noteAnswer(entry, status, message)
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  }
}
