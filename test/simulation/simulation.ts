import type { Config } from '../../src/config.ts'
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from '../../src/domain/durations.ts'
import { ExpectedError, TransientError } from '../../src/domain/errors.ts'
import { runJob } from '../../src/run-job.ts'
import type { Selection } from '../../src/selection.ts'
import { completeWorld } from '../../src/simulator/scenario.ts'
import type { RunSummary } from '../../src/summary.ts'
import { Chance } from './chance.ts'
import { ProcessDisk, Volume } from './disk.ts'
import { checkEnd } from './end-check.ts'
import { Network, USUAL_LATENCY_MS } from './network.ts'
import { drawPlan, type Plan, START_MS } from './plan.ts'
import { type Fate, SimulatedProcess } from './process.ts'
import { type SourceRecord, Tables } from './tables.ts'
import { WorldTime } from './time.ts'
import { SimulatedWarehouse } from './warehouse.ts'
import { type Violation, Witness } from './witness.ts'

/** How a process ended; null when it was killed. */
export interface RunRecord {
  process: SimulatedProcess
  startedAtMs: number
  /** Rows of `s2s_audit` by then. */
  auditRows: number
  selection: Selection
  summary: RunSummary | null
  error: Error | null
}

export interface SimulationResult {
  seed: number
  violations: Violation[]
  /** What went wrong in it, by kind. */
  injected: Map<string, number>
  runs: number
  requests: number
  inDoubtAfterCrash: number
}

/** A copy of a volume that was made while a run wrote to it. */
interface Backup {
  runId: string
  volume: Volume
  /** Rows of `s2s_runs` by then. */
  logged: number
}

/** A run that does not end in so many steps hangs. */
const MOST_STEPS = 60_000
const EVERYTHING: Selection = { from: null, to: null, app: null, event: null, limit: null, resend: 'none' }

/**
 * Weeks of production in milliseconds: whole runs of the real program on a clock, a disk, a warehouse and a network that are made up.
 * All chance comes from the seed, so the same seed is the same story. First things go wrong, in several runs; then nothing does any
 * more, and what can be settled has to be settled.
 */
export class Simulation {
  readonly seed: number
  readonly records: RunRecord[] = []
  readonly violations: Violation[] = []
  readonly tables = new Tables()
  /** When a row reached the warehouse. */
  readonly broughtAtMs = new Map<SourceRecord, number>()
  plan!: Plan
  network!: Network
  witness!: Witness
  readonly #chance: Chance
  /** Of its own, for one story among the others. */
  readonly #handovers: Chance
  readonly #time = new WorldTime(START_MS)
  readonly #injected = new Map<string, number>()
  readonly #volumes = new Map<SimulatedProcess, Volume>()
  readonly #configs = new Map<SimulatedProcess, Config>()
  #warehouse!: SimulatedWarehouse
  #volume = new Volume()
  #backup: Backup | null = null
  #processes: SimulatedProcess[] = []

  constructor(seed: number) {
    this.seed = seed
    this.#chance = new Chance(seed)
    this.#handovers = new Chance(seed + 0x5bd1e995)
  }

  /** Plays the story to its end and says which promises were broken. */
  async play(): Promise<SimulationResult> {
    this.plan = await drawPlan(this.#chance.branch())
    const { config, world, warehouse } = this.plan
    this.network = new Network(completeWorld(world), this.#time, this.#chance.branch())
    this.#warehouse = new SimulatedWarehouse(this.tables, warehouse, this.#time, this.#chance.branch())
    this.witness = new Witness({
      config,
      exchanges: this.network.exchanges,
      configOf: (process) => this.#configs.get(process)!,
      audit: this.tables.audit,
      lease: this.tables.lease,
      volumeOf: (process) => this.#volumes.get(process)!,
    })
    this.network.onStart = (exchange) => this.witness.look(exchange)
    this.network.onConnect = (process) => {
      if (this.network.faults === null || !this.#chance.happens(0.004)) return
      this.#count('paused while it connects')
      this.#pauseFor(process, this.#chance.between(1, 15) * MS_PER_MINUTE)
    }
    await this.#storm()
    await this.#calm()
    return this.#result()
  }

  async #storm(): Promise<void> {
    this.network.faults = this.plan.networkFaults
    this.#warehouse.faults = this.plan.warehouseFaults
    for (let run = 0; run < this.plan.stormyRuns; run++) {
      this.#bringRows(run)
      this.network.latencyMs = USUAL_LATENCY_MS
      this.#mishapsBetweenRuns()
      const isHandover = this.#handovers.happens(0.04)
      const fates = isHandover ? [this.#cutOffAtWork()] : this.#drawFates()
      const running = this.#start(this.#drawSelection(), fates)
      const second = isHandover
        ? this.#startWhenLeaseEnds()
        : this.#chance.happens(0.2)
          ? this.#startSecond()
          : null
      await this.#until(running, second)
      await this.#pass(
        this.#chance.pick([50, 1_500, 60_000, 8 * MS_PER_MINUTE, 16 * MS_PER_MINUTE, 3 * MS_PER_HOUR]),
      )
    }
  }

  /** No more faults: three runs have to settle all that does not wait for evidence, and three more, past its time, the rest. */
  async #calm(): Promise<void> {
    this.#bringRows(this.plan.stormyRuns)
    this.network.faults = null
    this.network.latencyMs = USUAL_LATENCY_MS
    this.network.downUntilMs = 0
    this.#warehouse.faults = null
    this.#warehouse.awayUntilMs = 0
    this.#volume.capacityBytes = Number.POSITIVE_INFINITY
    this.#volume.failSyncAfter = Number.POSITIVE_INFINITY
    // Until nothing is under way any more, and whoever died without giving the lease back has lost it.
    await this.#pass(40 * MS_PER_MINUTE)
    await this.#threeRuns()
    this.violations.push(...checkEnd(this, { mayHold: true }))
    await this.#pass(this.plan.config.delivery.inDoubtHoldHours * MS_PER_HOUR)
    await this.#threeRuns()
    this.violations.push(...checkEnd(this, { mayHold: false }))
  }

  async #threeRuns(): Promise<void> {
    for (let run = 0; run < 3; run++) {
      const record = this.#start(EVERYTHING, [])
      await this.#until(record, null)
      if (record.record.error !== null) this.#violated(`a calm run failed: ${record.record.error.stack}`)
      await this.#pass(16 * MS_PER_MINUTE)
    }
  }

  #violated(what: string): void {
    this.violations.push({ promise: 'progress', what })
  }

  #bringRows(run: number): void {
    for (const { record, afterRuns } of this.plan.source) {
      if (afterRuns !== run) continue
      this.tables.source.push(record)
      this.broughtAtMs.set(record, this.#time.nowMs)
    }
  }

  /** What becomes of the volume while nobody looks. */
  #mishapsBetweenRuns(): void {
    this.#volume.capacityBytes = Number.POSITIVE_INFINITY
    this.#volume.failSyncAfter = Number.POSITIVE_INFINITY
    if (this.#processes.some((process) => !process.isDead)) return
    if (this.#chance.happens(0.06)) {
      this.#count('volume lost')
      this.#volume = new Volume()
    } else if (this.#backup !== null && this.#chance.happens(0.5)) {
      if (this.#isOutdated(this.#backup)) {
        this.#count('volume from a backup')
        this.#volume = this.#backup.volume
      }
      this.#backup = null
    }
  }

  /** A copy that was made after the last claim of a run cannot be told from its journal: what the program does not promise. */
  #isOutdated({ runId, logged }: Backup): boolean {
    const since = this.tables.runs.slice(logged).filter(({ run_id }) => run_id === runId)
    // The journal notes a claim first, so the next one may be in the copy.
    return (
      since.some(({ event }) => event === 'ended') ||
      since.filter(({ event }) => event === 'claim').length > 1
    )
  }

  #drawSelection(): Selection {
    if (this.#chance.happens(0.75)) return EVERYTHING
    const hours = this.#chance.between(0, 3)
    const middle = START_MS - hours * MS_PER_HOUR
    return this.#chance.pick<Selection>([
      { ...EVERYTHING, from: START_MS - 30 * MS_PER_DAY, to: middle },
      { ...EVERYTHING, from: middle },
      { ...EVERYTHING, limit: this.#chance.whole(1, 10) },
      { ...EVERYTHING, event: 'tok001' },
      { ...EVERYTHING, resend: 'failed' },
    ])
  }

  #drawFates(): Fate[] {
    const fates: Fate[] = []
    const afterEffects = () =>
      this.#chance.happens(0.4) ? this.#chance.scaled(1, 400) : this.#chance.whole(15, 120)
    const add = (kind: string, probability: number, strike: Fate['strike']) => {
      if (!this.#chance.happens(probability)) return
      fates.push({
        afterEffects: afterEffects(),
        strike: (process) => {
          this.#count(kind)
          strike(process)
        },
      })
    }
    add('killed', 0.35, (process) => process.die())
    add('power cut', 0.15, () => this.#powerCut())
    add('paused', 0.15, (process) => this.#pauseFor(process, this.#chance.scaled(100, 15 * MS_PER_MINUTE)))
    add('snapshot of the volume', 0.08, (process) => {
      const runId = `run-${process.number}`
      this.#backup = { runId, volume: this.#volumes.get(process)!.copy(), logged: this.tables.runs.length }
      // A copy matters when the run does not end.
      if (this.#chance.happens(0.7)) process.dieAfter(this.#chance.whole(5, 80))
    })
    add('cut off from the warehouse', 0.08, (process) => {
      this.#warehouse.cutOff(process, this.#chance.scaled(1_000, 20 * MS_PER_MINUTE))
      // With slow answers its work outlasts its lease.
      if (this.#chance.happens(0.5)) this.network.latencyMs = this.plan.config.delivery.timeoutMs / 2.2
    })
    add('warehouse away', 0.06, () => {
      this.#warehouse.awayUntilMs = this.#time.nowMs + this.#chance.scaled(1_000, 10 * MS_PER_MINUTE)
    })
    add('Adjust down', 0.08, () => {
      this.network.downUntilMs = this.#time.nowMs + this.#chance.scaled(100, 5 * MS_PER_MINUTE)
    })
    add('disk full', 0.04, () => {
      this.#volume.capacityBytes = this.#volume.usedBytes + this.#chance.whole(0, 2_000)
    })
    add('sync failed', 0.04, () => {
      this.#volume.failSyncAfter = 1
    })
    add('terminated', 0.08, (process) => this.#aborts.get(process)?.())
    return fates
  }

  readonly #aborts = new Map<SimulatedProcess, () => void>()

  #powerCut(): void {
    for (const process of this.#processes) if (this.#volumes.get(process) === this.#volume) process.die()
    this.#volume.powerCut(this.#chance.branch())
  }

  #pauseFor(process: SimulatedProcess, ms: number): void {
    process.pause()
    this.#time.after(ms, () => process.resume())
  }

  /** It cannot reach the warehouse, and so not keep its lease, and Adjust has it wait with all of its events for minutes. */
  #cutOffAtWork(): Fate {
    return {
      afterEffects: this.#handovers.whole(8, 40),
      strike: (process) => {
        this.#count('cut off at work')
        this.#warehouse.cutOff(process, 20 * MS_PER_MINUTE)
        this.network.busyUntilMs = this.#time.nowMs + 20_000
      },
    }
  }

  /** Another run comes just when the lease of the first may have run out, by its own clock. */
  #startWhenLeaseEnds(): Promise<{ record: RunRecord }> {
    return new Promise((resolve) => {
      this.#time.after(this.#handovers.between(255_000, 305_000), () => resolve(this.#start(EVERYTHING, [])))
    })
  }

  /** Somebody starts another run by hand, or the scheduler does in spite of all. */
  #startSecond(): Promise<{ record: RunRecord }> {
    // Or just when the lease of the first may run out.
    const delayMs = this.#chance.happens(0.7)
      ? this.#chance.scaled(1, 12 * MS_PER_MINUTE)
      : this.#chance.between(240_000, 420_000)
    const fates = this.#drawFates()
    // From another machine, with a folder of its own; or from the same.
    const volume = this.#chance.happens(0.2) ? new Volume() : null
    return new Promise((resolve) => {
      this.#time.after(delayMs, () => {
        this.#count('second run')
        resolve(this.#start(this.#drawSelection(), fates, volume ?? this.#volume))
      })
    })
  }

  #start(selection: Selection, fates: Fate[], volume = this.#volume): { record: RunRecord } {
    const { config, warehouse } = this.plan
    const process = new SimulatedProcess(this.#time, {
      number: this.records.length + 1,
      concurrency: config.delivery.concurrency,
      // With DuckDB it is one machine.
      wallOffsetMs: warehouse.isExclusive ? 3_000 : this.#chance.between(-20_000, 20_000),
      fates,
    })
    const record: RunRecord = {
      process,
      startedAtMs: this.#time.nowMs,
      auditRows: this.tables.audit.length,
      selection,
      summary: null,
      error: null,
    }
    this.records.push(record)
    this.#volumes.set(process, volume)
    this.#configs.set(process, fates.length > 0 && this.#chance.happens(0.5) ? this.plan.otherConfig : config)
    // DuckDB's lock on its file: the second process does not even begin.
    if (warehouse.isExclusive && this.#processes.some((other) => !other.isDead)) {
      record.error = new TransientError('the file is locked', { hint: 'Wait.' })
      process.die()
      return { record }
    }
    this.#processes.push(process)
    void this.#run(record, volume)
    return { record }
  }

  async #run(record: RunRecord, volume: Volume): Promise<void> {
    const { process, selection } = record
    const config = this.#configs.get(process)!
    const controller = new AbortController()
    this.#aborts.set(process, () =>
      controller.abort(new TransientError('SIGTERM: stopped before the end', { hint: 'Run again.' })),
    )
    const pace = { writeMs: this.#chance.scaled(1, 20) / 10, syncMs: this.#chance.scaled(1, 60) }
    try {
      record.summary = await runJob({
        config,
        warehouse: this.#warehouse.connect(process),
        runId: `run-${process.number}`,
        selection,
        maxRejected: null,
        command: 'adjust-s2s run',
        signal: controller.signal,
        machine: {
          host: `machine-${process.number}`,
          pid: process.number,
          clock: process.clock,
          random: this.#chance.branch().random,
          disk: () => new ProcessDisk(volume, process, this.#time, pace),
          transport: ({ timeoutMs }) => this.network.connect(process, timeoutMs),
        },
      })
    } catch (error) {
      record.error = error as Error
      if (!(error instanceof ExpectedError)) this.#violated(`a bug: ${(error as Error).stack}`)
    }
    process.die()
  }

  /** Time goes on until both are over, in whatever way. */
  async #until(first: { record: RunRecord }, second: Promise<{ record: RunRecord }> | null): Promise<void> {
    let other: RunRecord | null = null
    void second?.then(({ record }) => {
      other = record
    })
    const isOver = () => first.record.process.isDead && (second === null || (other?.process.isDead ?? false))
    for (let steps = 0; ; steps++) {
      await settled()
      if (isOver()) return
      if (steps > MOST_STEPS || !this.#time.step()) return this.#violated(`run ${this.records.length} hangs`)
    }
  }

  async #pass(ms: number): Promise<void> {
    let isOver = false
    this.#time.after(ms, () => {
      isOver = true
    })
    while (!isOver) {
      this.#time.step()
      await settled()
    }
  }

  #count(kind: string): void {
    this.#injected.set(kind, (this.#injected.get(kind) ?? 0) + 1)
  }

  #result(): SimulationResult {
    const injected = new Map([...this.#injected, ...this.network.injected, ...this.#warehouse.injected])
    const died = this.tables.audit.filter(({ reason }) => reason === 'process_died')
    return {
      seed: this.seed,
      violations: [...this.witness.violations, ...this.violations],
      injected,
      runs: this.records.length,
      requests: this.network.exchanges.length,
      inDoubtAfterCrash: new Set(died.map(({ audit_id }) => audit_id)).size,
    }
  }
}

/** Lets everything happen that can happen at this instant: one turn of the event loop runs all promises that are ready. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
