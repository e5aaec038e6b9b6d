import type { Config } from '../config.ts'
import { type Clock, systemClock } from '../domain/clock.ts'
import { TransientError } from '../domain/errors.ts'
import { fileOfShard } from '../domain/file-of-shard.ts'
import { type Shard, WHOLE } from '../domain/shard.ts'
import type { Log } from '../log.ts'
import type { Failure } from '../report/run-facts.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'
import { reportOf } from './report-error.ts'
import { checkReportFile, writeReportFile } from './report-file.ts'

/** A page about a million rows takes seconds; a scheduler waits for the end of the run. */
const PATIENCE_MS = 120_000
/** After a failure it is likely that the warehouse is away. */
const PATIENCE_AFTER_FAILURE_MS = 30_000
/** From the moment on at which the run is asked to stop: whoever asked ends the process before long. */
export const AFTER_STOP_MS = 10_000

/** `run --report FILE`: the page is written when the run is over, however it ended, and never changes how it ended. */
export class RunReport {
  readonly #file: string | null
  readonly #clock: Clock
  #runId: string | null = null

  private constructor(file: string | null, clock: Clock) {
    this.#file = file
    this.#clock = clock
  }

  /**
   * Each of several shards has a file of its own. Throws a TerminalError when the page could not be written there, before anything is
   * sent.
   */
  static async prepare(
    file: string | null,
    shard: Shard = WHOLE,
    clock: Clock = systemClock,
  ): Promise<RunReport> {
    const own = file === null ? null : fileOfShard(file, shard)
    if (own !== null) await checkReportFile('--report', own)
    return new RunReport(own, clock)
  }

  /** The run stands in the log of runs: from now on there is something to tell. */
  begun(runId: string): void {
    this.#runId = runId
  }

  /**
   * Writes the page. `error` is what the run threw, or null; `signal` asks it to stop, now or while the page is made. Never throws: what
   * goes wrong here is a warning.
   */
  async write(
    config: Config,
    warehouse: Warehouse,
    log: Log,
    error: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#file === null || this.#runId === null) return
    try {
      // Loaded for this alone: a run without a report does without charts.
      const [{ reportJob }, { renderPage }] = await Promise.all([
        import('../report-job.ts'),
        import('../report/page/page.ts'),
      ])
      const failure = error === null ? null : failureOf(error)
      const patienceMs = failure === null ? PATIENCE_MS : PATIENCE_AFTER_FAILURE_MS
      const report = await withPatience({ warehouse, patienceMs, clock: this.#clock, signal }, (patient) =>
        reportJob({ config, warehouse: patient, run: this.#runId, failure }),
      )
      await writeReportFile(this.#file, renderPage(report))
      log.info({ report: this.#file }, `the report of the run is ${this.#file}`)
    } catch (cause) {
      log.warn({ report: this.#file }, `the report was not written: ${(cause as Error).message}`)
    }
  }
}

function failureOf(error: unknown): Failure | null {
  const found = reportOf(error, 'run')
  return found === null ? null : { message: found.message, hint: found.hint, exitCode: found.exitCode }
}

type Queries = Pick<Warehouse, 'query' | 'isExclusive'>

interface Patience {
  warehouse: Warehouse
  patienceMs: number
  clock: Clock
  signal: AbortSignal
}

/** Gives all queries up together after a while, and sooner when the run is asked to stop. */
async function withPatience<T>(
  { warehouse, patienceMs, clock, signal: stop }: Patience,
  work: (patient: Queries) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  const giveUp = () => controller.abort(new TransientError('the warehouse took too long to answer'))
  const cancels = [clock.after(patienceMs, giveUp)]
  const hurry = () => cancels.push(clock.after(AFTER_STOP_MS, giveUp))
  if (stop.aborted) hurry()
  else stop.addEventListener('abort', hurry, { once: true })
  try {
    return await work({
      ...(warehouse.isExclusive === undefined ? {} : { isExclusive: warehouse.isExclusive }),
      query: (sql, options) => warehouse.query(sql, { ...options, signal }),
    })
  } finally {
    stop.removeEventListener('abort', hurry)
    for (const cancel of cancels) cancel()
  }
}
