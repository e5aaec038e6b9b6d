import { managedwriter } from '@google-cloud/bigquery-storage'
import type { Clock } from '../../domain/clock.ts'
import { MS_PER_DAY } from '../../domain/durations.ts'
import { TerminalError } from '../../domain/errors.ts'
import { TABLES, type Table } from '../schema.ts'
import type { TableRow } from '../warehouse.ts'
import { type ApiFailure, GRPC } from './failures.ts'
import { inTime, type RetryOptions, untilAborted, withRetries } from './retries.ts'
import { RowEncoder } from './row-encoder.ts'
import type { StorageClients } from './storage.ts'

type Writer = InstanceType<typeof managedwriter.Writer>
type Appended = Awaited<ReturnType<ReturnType<Writer['appendRows']>['getResult']>>

/** A request may hold 10 MB: https://cloud.google.com/bigquery/quotas#write-api-limits */
const REQUEST_BYTES = 6_000_000
/** What a request holds for each row beside its bytes, at most. */
const BYTES_AROUND_ROW = 8

export interface AppenderOptions {
  clients: StorageClients
  project: string
  dataset: string
  tableExists: (name: string) => Promise<boolean>
  /** One that does not come in this time is lost. */
  answerTimeoutMs: number
  clock: Clock
  retry: RetryOptions
}

/**
 * Appends to this program's tables through the default stream of the Storage Write API: durable when it answers, and for reading at
 * once. A request whose answer was lost is sent again, so a row may stand there twice; every query takes that into account.
 * https://cloud.google.com/bigquery/docs/write-api
 */
export class Appender {
  readonly #options: AppenderOptions
  readonly #encoders = new Map(TABLES.map((table) => [table.name, new RowEncoder(table)]))
  readonly #writers = new Map<string, Writer>()

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** Refuses all rows if one of them does not fit the table. One request is all or nothing; only rows of kilobytes take several. */
  async append(tableName: string, rows: TableRow[]): Promise<void> {
    const encoder = this.#encoders.get(tableName)
    if (!encoder) throw missingTable(tableName)
    const { clock, retry } = this.#options
    const nowMs = clock.now()
    const requests = cut(rows.map((row) => encoder.encode(withinPartitions(encoder.table, row, nowMs))))
    for (const request of requests) await withRetries(() => this.#send(encoder, request), retry)
  }

  close(): void {
    for (const writer of this.#writers.values()) writer.close()
    this.#writers.clear()
  }

  async #send(encoder: RowEncoder, serializedRows: Uint8Array[]): Promise<void> {
    const { name } = encoder.table
    try {
      const writer =
        this.#writers.get(name) ??
        (await inTime(this.#open(encoder), this.#options.answerTimeoutMs, 'a stream to append to'))
      const appended = await this.#inTime(writer.appendRows({ serializedRows }).getResult())
      // A refused request resolves like an accepted one.
      if (appended.error) throw refusal(appended)
    } catch (error) {
      this.#writers.get(name)?.close()
      this.#writers.delete(name)
      const isMissing = (error as ApiFailure).code === GRPC.notFound
      if (isMissing && !(await this.#options.tableExists(name))) throw missingTable(name, error)
      // A table that was just made takes a while to be known to the Storage API.
      if (isMissing) Object.assign(error as Error, { code: GRPC.unavailable })
      // The library's own few tries are over, and it does not say with which status.
      if (/max retries reached/.test((error as Error).message))
        Object.assign(error as Error, { code: GRPC.unavailable })
      throw error
    }
  }

  #inTime(answer: Promise<Appended>): Promise<Appended> {
    const late = new AbortController()
    const { clock, answerTimeoutMs } = this.#options
    const cancel = clock.after(answerTimeoutMs, () => late.abort(noAnswer()))
    return untilAborted(answer, late.signal).finally(cancel)
  }

  async #open({ table, descriptor }: RowEncoder): Promise<Writer> {
    const { clients, project, dataset } = this.#options
    const client = await clients.writer()
    const connection = await client.createStreamConnection({
      streamId: managedwriter.DefaultStream,
      destinationTable: `projects/${project}/datasets/${dataset}/tables/${table.name}`,
    })
    // The writes that wait say what broke; without a listener the process would end here.
    connection.onConnectionError(() => {})
    const writer = new managedwriter.Writer({ connection, protoDescriptor: descriptor })
    this.#writers.set(table.name, writer)
    return writer
  }
}

/**
 * BigQuery takes streamed rows for partitions of the last five years and the next one only. Nothing that is older or newer is ever sent
 * to Adjust, so such a row keeps its instant in words and goes to the partition of rows without one, which every query reads.
 */
const STREAMED_DAYS = { past: 1_800, future: 360 }

function withinPartitions(table: Table, row: TableRow, nowMs: number): TableRow {
  const instant = table.partitionBy === undefined ? null : row[table.partitionBy]
  if (instant === null || typeof instant !== 'object' || Array.isArray(instant)) return row
  const days = (instant.timestampMicros / 1000 - nowMs) / MS_PER_DAY
  if (days > -STREAMED_DAYS.past && days < STREAMED_DAYS.future) return row
  const words = `${table.partitionBy} is ${instantText(instant.timestampMicros)}, which BigQuery does not take`
  const message = [row.message, words].filter((text) => typeof text === 'string').join('; ')
  return { ...row, [table.partitionBy!]: null, message }
}

function instantText(micros: number): string {
  const date = new Date(micros / 1000)
  return Number.isNaN(date.getTime()) ? `${micros} microseconds after 1970` : date.toISOString()
}

function cut(rows: Uint8Array[]): Uint8Array[][] {
  const requests: Uint8Array[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const row of rows) {
    bytes += row.length + BYTES_AROUND_ROW
    if (bytes > REQUEST_BYTES) {
      requests.push([])
      bytes = row.length + BYTES_AROUND_ROW
    }
    requests.at(-1)!.push(row)
  }
  return requests
}

function noAnswer(): ApiFailure {
  return Object.assign(new Error('an append got no answer'), { code: GRPC.deadlineExceeded })
}

function refusal({ error, rowErrors }: Appended): ApiFailure {
  const first = rowErrors?.[0]
  const detail = first ? ` (row ${first.index}: ${first.message})` : ''
  return Object.assign(new Error(`${error?.message}${detail}`), { code: error?.code ?? GRPC.unknown })
}

function missingTable(name: string, cause?: unknown): TerminalError {
  return new TerminalError(`table ${name} is missing`, {
    hint: 'Create the tables with `adjust-s2s init`.',
    cause,
  })
}
