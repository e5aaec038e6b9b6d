import { type Clock, systemClock } from '../domain/clock.ts'
import { BigqueryApi } from './bigquery/api.ts'
import { convertBigqueryColumn, sqlType } from './bigquery/columns.ts'
import { explainFailure, isTransient, oneLine } from './bigquery/failures.ts'
import { type FinishedJob, QueryJobs } from './bigquery/jobs.ts'
import { readPages } from './bigquery/page-reader.ts'
import type { QueryConfiguration, QueryParameterResource, TableReference } from './bigquery/rest-types.ts'
import type { RetryOptions } from './bigquery/retries.ts'
import { StorageClients } from './bigquery/storage.ts'
import { BigqueryTables } from './bigquery/tables.ts'
import { queryParameters } from './bigquery/values.ts'
import { bigqueryDdl } from './ddl.ts'
import { checkPortable, type StatementKind } from './portable-sql.ts'
import { tokenise } from './tokens.ts'
import type {
  ContractType,
  Probe,
  QueryEstimate,
  QueryOptions,
  QueryStatistics,
  ResultBatch,
  SourceColumn,
  TableRow,
  WarehouseAdmin,
} from './warehouse.ts'

export interface BigqueryOptions {
  /** Runs and pays for the queries. */
  project: string
  /** Holds this program's tables; also where the user's SELECT finds a table that it names without a dataset. */
  dataset: string
  location: string
  /** A query that would bill more fails before it costs anything. */
  maximumBytesBilled: number
  /** For private endpoints and emulators; plain `http:` is asked without credentials. */
  apiEndpoint?: string | undefined
  storageEndpoint?: string | undefined
  /** `createTables` has BigQuery delete audit rows of transactions that are older; 0 keeps them. */
  expireDays?: number
  /** On every job, for the billing export and INFORMATION_SCHEMA.JOBS. */
  labels?: Record<string, string>
  /** How long a call that fails for a moment is tried again. */
  maxRetryMs?: number | undefined
  /** Aborts when the program is to end soon: each call then has ten seconds. */
  hurry?: AbortSignal | undefined
  /** Rows that come with the answer that a query has ended; what has more is read as Arrow. */
  firstPageRows?: number
  /** How long a call of the REST API may take. */
  callTimeoutMs?: number
  /** How long an append may wait for its answer. */
  answerTimeoutMs?: number
  /** Told when a call failed and is tried again. */
  onTrouble?: ((message: string) => void) | undefined
  clock?: Clock
}

/** The Storage Read API is there after this long, or is done without. */
const FIRST_ROWS_RETRY_MS = 10_000

/** Most queries of this program have no more. */
const FIRST_PAGE_ROWS = 1_000

/** An answer to an append takes a fraction of a second; one that does not come in this time is lost. */
const ANSWER_TIMEOUT_MS = 30_000

/** Opens a dataset of BigQuery. Nothing is asked of Google before the first call. */
export async function openBigqueryWarehouse(options: BigqueryOptions): Promise<WarehouseAdmin> {
  return new BigqueryWarehouse(options)
}

class BigqueryWarehouse implements WarehouseAdmin {
  readonly name: string
  readonly #options: BigqueryOptions
  readonly #retry: RetryOptions
  readonly #api: BigqueryApi
  readonly #jobs: QueryJobs
  readonly #storage: StorageClients
  readonly #tables: BigqueryTables
  #appender: Promise<import('./bigquery/appender.ts').Appender> | null = null
  #arrowIsThere = true
  readonly #closed = new AbortController()

  constructor(options: BigqueryOptions) {
    const { project, dataset, location, maximumBytesBilled, labels = {}, expireDays = 0 } = options
    this.name = `bigquery:${project}.${dataset}`
    this.#options = options
    this.#retry = {
      maxRetryMs: options.maxRetryMs,
      hurry: options.hurry,
      onRetry: (error) => options.onTrouble?.(troubleText(error)),
    }
    this.#api = new BigqueryApi({
      project,
      apiEndpoint: options.apiEndpoint,
      callTimeoutMs: options.callTimeoutMs,
      ...this.#retry,
    })
    this.#jobs = new QueryJobs({
      api: this.#api,
      retry: this.#retry,
      project,
      location,
      labels: labelsOf(labels),
      maximumBytesBilled,
      firstPageRows: options.firstPageRows ?? FIRST_PAGE_ROWS,
    })
    this.#storage = new StorageClients(project, options.storageEndpoint)
    const run = async (query: string) => void (await this.#jobs.run(this.#configuration(query)))
    this.#tables = new BigqueryTables({ api: this.#api, project, dataset, location, expireDays, run })
  }

  async describe(select: string): Promise<SourceColumn[]> {
    const { fields } = await this.#explained(true, this.#jobs.dryRun(this.#configuration(select)))
    return fields.map((field) => ({ name: field.name ?? '', type: sqlType(field) }))
  }

  convertColumn(column: SourceColumn, to: ContractType): { sql: string } | { castHint: string } {
    return convertBigqueryColumn(column, to)
  }

  async estimate(sql: string, options: QueryOptions = {}): Promise<QueryEstimate> {
    const query = this.#prepare(sql, options)
    const { bytes } = await this.#explained(options.source !== undefined, this.#jobs.dryRun(query))
    return { bytes, maximumBytes: this.#options.maximumBytesBilled }
  }

  async *query(sql: string, options: QueryOptions = {}): AsyncIterable<ResultBatch> {
    options.signal?.throwIfAborted()
    const query = this.#prepare(sql, options)
    const signal = AbortSignal.any([this.#closed.signal, ...(options.signal ? [options.signal] : [])])
    try {
      const job = await this.#jobs.run(query, signal)
      yield* await this.#rowsOf(job, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw this.#explain(error, options.source !== undefined)
    }
  }

  async update(statement: string, options: Pick<QueryOptions, 'name' | 'parameters'> = {}): Promise<number> {
    const job = this.#jobs.run(this.#prepare(statement, options, 'change'))
    return (await this.#explained(false, job)).changedRows
  }

  async append(table: string, rows: TableRow[]): Promise<void> {
    if (rows.length === 0) return
    this.#appender ??= this.#openAppender()
    await this.#explained(false, (await this.#appender).append(table, rows))
  }

  createTables(): Promise<string[]> {
    return this.#explained(false, this.#tables.createMissing())
  }

  missingTables(): Promise<string[]> {
    return this.#explained(false, this.#tables.missing())
  }

  ddl(): string[] {
    const { project, dataset, expireDays } = this.#options
    return bigqueryDdl(`${project}.${dataset}`, expireDays)
  }

  statistics(): QueryStatistics {
    return { bytesBilled: this.#jobs.bytesBilled }
  }

  async probes(): Promise<Probe[]> {
    const { bigqueryProbes } = await import('./bigquery/probes.ts')
    const { project, dataset, location } = this.#options
    return bigqueryProbes({
      project,
      dataset,
      location,
      api: this.#api,
      storage: this.#storage,
      tables: this.#tables,
      retry: this.#retry,
      dryRun: (sql) => this.#jobs.dryRun(this.#prepare(sql, {})),
      run: (sql, options = {}, kind) => this.#jobs.run(this.#prepare(sql, options, kind)),
    })
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(new Error('the warehouse was closed before the query ended'))
    await this.#appender?.then(
      (appender) => appender.close(),
      () => {},
    )
    await this.#storage.close()
  }

  /** Arrow where there are many rows and the Storage Read API may be used; it is five times faster. */
  async #rowsOf(job: FinishedJob, signal: AbortSignal): Promise<AsyncIterable<ResultBatch>> {
    const { firstPage, destination } = job
    const isWhole = !firstPage.pageToken
    if (isWhole || !destination || !this.#arrowIsThere) return readPages(this.#jobs, job, signal)
    try {
      return await this.#readArrow(job, destination, signal)
    } catch (error) {
      signal.throwIfAborted()
      // Turned off, not permitted, or out of reach. What is wrong beyond that, the REST API will say as well.
      this.#arrowIsThere = false
      return this.#readOn(job, 0, error, signal)
    }
  }

  /** Throws when not even the first rows come; what fails after them for a moment is read again. */
  async #readArrow(
    job: FinishedJob,
    table: TableReference,
    signal: AbortSignal,
  ): Promise<AsyncIterable<ResultBatch>> {
    const { openReadStream, readArrow } = await import('./bigquery/arrow-reader.ts')
    const retry = { ...this.#retry, signal }
    const firstRetry = {
      ...retry,
      maxRetryMs: Math.min(FIRST_ROWS_RETRY_MS, retry.maxRetryMs ?? Number.POSITIVE_INFINITY),
    }
    const client = await this.#storage.reader()
    const stream = await openReadStream(client, this.#options.project, table, firstRetry)
    const batches = readArrow(client, stream, Number(job.firstPage.totalRows ?? 0), { firstRetry, retry })
    const first = await batches.next()
    return this.#goOn(job, first, batches, signal)
  }

  /** A read session lives for six hours, and a delivery may take longer: the rest then comes over REST, from the row that is due. */
  async *#goOn(
    job: FinishedJob,
    first: IteratorResult<ResultBatch, void>,
    batches: AsyncGenerator<ResultBatch, void>,
    signal: AbortSignal,
  ): AsyncIterable<ResultBatch> {
    let rows = 0
    try {
      for (let next = first; !next.done; next = await batches.next()) {
        rows += next.value.rowCount
        yield next.value
      }
    } catch (error) {
      signal.throwIfAborted()
      if (isTransient(error)) throw error
      yield* this.#readOn(job, rows, error, signal)
    } finally {
      await batches.return()
    }
  }

  #readOn(job: FinishedJob, fromRow: number, why: unknown, signal: AbortSignal): AsyncIterable<ResultBatch> {
    this.#options.onTrouble?.(`reading goes on over the slower REST API: ${oneLine(why as Error)}`)
    return readPages(this.#jobs, job, signal, fromRow)
  }

  async #openAppender() {
    const { Appender } = await import('./bigquery/appender.ts')
    const { project, dataset, answerTimeoutMs = ANSWER_TIMEOUT_MS, clock = systemClock } = this.#options
    const clients = this.#storage
    const tableExists = (name: string) => this.#tables.has(name)
    return new Appender({
      clients,
      project,
      dataset,
      tableExists,
      answerTimeoutMs,
      clock,
      retry: this.#retry,
    })
  }

  /** Held to the portable subset as on the other engine, though BigQuery would understand more. */
  #prepare(sql: string, options: QueryOptions, kind: StatementKind = 'query'): QueryConfiguration {
    const { name = kind, parameters = {}, source = '' } = options
    const tokens = tokenise(sql, name)
    const code = tokens.filter((token) => token.kind !== 'gap')
    checkPortable(code, name, kind)
    const names = new Set(code.filter(({ kind }) => kind === 'parameter').map(({ text }) => text.slice(1)))
    // Comments go, so that what looks like a marker in one is nobody's business; lines stay, for BigQuery names them.
    const text = tokens
      .map(({ kind, text }) => (kind === 'gap' ? text.replace(/[^\n]+/g, ' ') : text))
      .join('')
    return {
      ...this.#configuration(
        text.replaceAll('{{source}}', () => source),
        queryParameters(parameters, names),
      ),
      // A project may have another time zone for its dates; the user's own SELECT keeps it.
      ...(source === '' ? { connectionProperties: [{ key: 'time_zone', value: 'UTC' }] } : {}),
    }
  }

  #configuration(query: string, parameters: QueryParameterResource[] = []): QueryConfiguration {
    const { project, dataset } = this.#options
    return {
      query,
      defaultDataset: { projectId: project, datasetId: dataset },
      // The audit table changes from run to run, and an answer from the cache could be one from before.
      useQueryCache: false,
      ...(parameters.length > 0 ? { parameterMode: 'NAMED', queryParameters: parameters } : {}),
    }
  }

  async #explained<T>(fromSource: boolean, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw this.#explain(error, fromSource)
    }
  }

  #explain(error: unknown, fromSource: boolean): unknown {
    const { project, dataset } = this.#options
    return explainFailure(error, { project, dataset, fromSource })
  }
}

function troubleText(error: Error): string {
  return `BigQuery does not answer as it should, and is asked again: ${oneLine(error)}`
}

/** Labels are lower case and at most 63 characters: https://cloud.google.com/bigquery/docs/labels-intro#requirements */
function labelsOf(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [
      key,
      value
        .toLowerCase()
        .replace(/[^a-z0-9_-]/g, '_')
        .slice(0, 63),
    ]),
  )
}
