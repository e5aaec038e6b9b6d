import type { Config } from '../config.ts'
import { systemClock } from '../domain/clock.ts'
import { TransientError } from '../domain/errors.ts'
import type { Log } from '../log.ts'
import type { Failure } from '../report/run-facts.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'
import { reportOf } from './report-error.ts'
import { checkReportFile, writeReportFile } from './report-file.ts'

/** A page about a million rows takes seconds; a scheduler waits for the end of the run. */
const PATIENCE_MS = 120_000
/** After a failure it is likely that the warehouse is away. */
const PATIENCE_AFTER_FAILURE_MS = 30_000

/** `run --report FILE`: the page is written when the run is over, however it ended, and never changes how it ended. */
export class RunReport {
  readonly #file: string | null
  #runId: string | null = null

  private constructor(file: string | null) {
    this.#file = file
  }

  /** Throws a TerminalError when the page could not be written there, before anything is sent. */
  static async prepare(file: string | null): Promise<RunReport> {
    if (file !== null) await checkReportFile('--report', file)
    return new RunReport(file)
  }

  /** The run stands in the log of runs: from now on there is something to tell. */
  begun(runId: string): void {
    this.#runId = runId
  }

  /** Writes the page. `error` is what the run threw, or null. Never throws: what goes wrong here is a warning. */
  async write(config: Config, warehouse: Warehouse, log: Log, error: unknown): Promise<void> {
    if (this.#file === null || this.#runId === null) return
    try {
      // Loaded for this alone: a run without a report does without charts.
      const [{ reportJob }, { renderPage }] = await Promise.all([
        import('../report-job.ts'),
        import('../report/page/page.ts'),
      ])
      const failure = error === null ? null : failureOf(error)
      const report = await withPatience(warehouse, failure, (patient) =>
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

/** Gives the queries up after a while. */
async function withPatience<T>(
  warehouse: Warehouse,
  failure: Failure | null,
  work: (patient: Queries) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const giveUp = () => controller.abort(new TransientError('the warehouse took too long to answer'))
  const cancel = systemClock.after(failure === null ? PATIENCE_MS : PATIENCE_AFTER_FAILURE_MS, giveUp)
  const { signal } = controller
  try {
    return await work({
      ...(warehouse.isExclusive === undefined ? {} : { isExclusive: warehouse.isExclusive }),
      query: (sql, options) => warehouse.query(sql, { ...options, signal }),
    })
  } finally {
    cancel()
  }
}
