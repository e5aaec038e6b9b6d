import path from 'node:path'
import { readMonitoring } from '../config/monitoring.ts'
import type { Config } from '../config.ts'
import { systemClock } from '../domain/clock.ts'
import { fileOfShard } from '../domain/file-of-shard.ts'
import { noTrace, type Trace } from '../domain/trace.ts'
import type { Ends } from '../ends.ts'
import type { Log } from '../log.ts'
import { HealthCheck } from '../monitor/health-check.ts'
import type { EndedRun } from '../monitor/measure.ts'
import { readOpenRows } from '../monitor/open-rows.ts'
import { traceEnds, traceWarehouse } from '../monitor/traced-warehouse.ts'
import type { Traces } from '../monitor/traces.ts'
import type { RunJob } from '../run-job.ts'
import { shardOf } from '../selection.ts'
import type { RunSummary } from '../summary.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'
import type { CommandContext } from './command.ts'
import { reportOf } from './report-error.ts'
import type { RunFlags } from './run-flags.ts'
import { pingText, pingWord } from './run-ping.ts'
import { type RunEnd, RunRecord } from './run-record.ts'
import { attributesOf, firstLine, openTraces, wordsOf } from './run-traces.ts'

/** Its question is for the metrics alone, so it must not cost a run much time. */
const LOOK_MS = 10_000

type Watched = Pick<RunFlags, 'shard' | 'metricsFile'>

/**
 * All who are told of a run: a dead man's switch, Prometheus, a collector of traces. Whatever goes wrong with them is a warning, and
 * changes neither the run nor its exit code.
 */
export class RunMonitor {
  readonly #flags: Watched
  readonly #signal: AbortSignal
  readonly #record: RunRecord
  #log: Log
  #config: Config | null = null
  #healthCheck: HealthCheck | null = null
  #traces: Traces | null = null

  private constructor(flags: Watched, log: Log, signal: AbortSignal) {
    this.#flags = flags
    this.#log = log
    this.#signal = signal
    this.#record = new RunRecord(shardOf(flags))
  }

  /** Comes before the configuration is read, for a run whose configuration is broken is told of, too. */
  static async begin(flags: Watched, context: CommandContext, signal: AbortSignal): Promise<RunMonitor> {
    const { healthcheckUrl, traces, brokenEndpoint } = readMonitoring()
    const monitor = new RunMonitor(flags, await context.createLog(null), signal)
    const warn = (message: string) => monitor.#log.warn(message)
    if (healthcheckUrl !== null) monitor.#healthCheck = new HealthCheck(healthcheckUrl, warn)
    monitor.#healthCheck?.start()
    if (brokenEndpoint !== null)
      warn(`no traces: ${brokenEndpoint} is neither an http:// nor an https:// address`)
    if (traces) monitor.#traces = await tracesOrNone(warn)
    return monitor
  }

  /** Does the run, and tells how it ended. Answers or throws as the run does. */
  async attend(run: () => Promise<RunSummary>): Promise<RunSummary> {
    const end = await run().then(
      (summary): RunEnd => ({ summary, exitCode: summary.exit_code }),
      (error: unknown): RunEnd => ({ error, exitCode: reportOf(error, 'run')!.exitCode }),
    )
    await this.#tell(end).catch((error) => this.#log.warn(`monitoring failed: ${firstLine(error)}`))
    if ('error' in end) throw end.error
    return end.summary
  }

  /** The run has a configuration and a name. */
  async configured(config: Config, runId: string, log: Log): Promise<void> {
    this.#config = config
    this.#record.runId = runId
    this.#log = log
    // prom-client is loaded for those who want metrics alone.
    if (this.#hasMetrics) this.#record.lag = new (await import('../monitor/delivery-lag.ts')).DeliveryLag()
  }

  /** The warehouse, and the ends of the pipeline there, as the run is to use them. */
  watch(opened: Warehouse & Ends): { warehouse: Warehouse; ends: Ends } {
    this.#record.billedBytes = () => opened.statistics().bytesBilled
    if (this.#traces === null) return { warehouse: opened, ends: opened }
    const { trace } = this.#traces
    return { warehouse: traceWarehouse(opened, trace), ends: traceEnds(opened, trace) }
  }

  /** What the job tells while it goes on. */
  get hooks(): Required<Pick<RunJob, 'trace' | 'onSettled' | 'onProgress' | 'onLeaseLost'>> {
    const trace: Trace = this.#traces?.trace ?? noTrace
    return {
      trace,
      onSettled: (row) => this.#record.settled(row),
      onProgress: (progress) => {
        this.#record.progress = progress
      },
      onLeaseLost: () => {
        this.#record.isLeaseLost = true
      },
    }
  }

  /** While the warehouse is open: what waits now, for the metrics. A run that is asked to stop does not take the time. */
  async look(warehouse: Warehouse, limitMs = LOOK_MS): Promise<void> {
    const isFirstShard = shardOf(this.#flags).index === 0
    if (!this.#hasMetrics || !isFirstShard || this.#signal.aborted) return
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(limitMs)])
    try {
      this.#record.open = await readOpenRows(warehouse, this.#config!.delivery, systemClock.now(), signal)
    } catch (error) {
      this.#log.warn(`the metrics do not say what is open: ${firstLine(error)}`)
    }
  }

  async #tell(end: RunEnd): Promise<void> {
    const facts = await this.#record.facts(end)
    await Promise.all([
      this.#reportMetrics(facts),
      this.#healthCheck?.end(pingWord(facts), pingText(facts, this.#record.runId)),
      this.#traces?.end(attributesOf(facts, this.#record.runId), 'error' in end ? wordsOf(end.error) : null),
    ])
  }

  async #reportMetrics(facts: EndedRun): Promise<void> {
    if (!this.#hasMetrics) return
    if (this.#metricsFile !== null && !this.#metricsFile.endsWith('.prom'))
      this.#log.warn(`${this.#metricsFile} does not end with .prom, so a node-exporter does not read it`)
    const { reportMetrics } = await import('../monitor/report-metrics.ts')
    const targets = { file: this.#metricsFile, pushgatewayUrl: this.#config?.metrics.pushgatewayUrl || null }
    await reportMetrics(facts, targets, (message) => this.#log.warn(message))
  }

  get #hasMetrics(): boolean {
    return this.#metricsFile !== null || (this.#config?.metrics.pushgatewayUrl ?? '') !== ''
  }

  get #metricsFile(): string | null {
    const { metricsFile } = this.#flags
    const file = metricsFile === null ? this.#config?.metrics.file : path.resolve(metricsFile)
    return file ? fileOfShard(file, shardOf(this.#flags)) : null
  }
}

/** What the library makes of its variables must not end a run, and its words may quote them. */
async function tracesOrNone(warn: (message: string) => void): Promise<Traces | null> {
  try {
    return await openTraces(warn)
  } catch (error) {
    warn(`no traces: OpenTelemetry does not start (${error instanceof Error ? error.name : 'error'})`)
    return null
  }
}
