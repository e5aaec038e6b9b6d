import { adapt, managedwriter } from '@google-cloud/bigquery-storage'
import type { Clock } from '../../domain/clock.ts'
import { MS_PER_DAY } from '../../domain/durations.ts'
import { TerminalError } from '../../domain/errors.ts'
import { bigqueryType } from '../ddl.ts'
import { TABLES, type Table } from '../schema.ts'
import type { TableRow } from '../warehouse.ts'
import { type ApiFailure, GRPC } from './failures.ts'
import { type RetryOptions, withRetries } from './retries.ts'
import type { StorageClients } from './storage.ts'

type Writer = InstanceType<typeof managedwriter.JSONWriter>
type Appended = Awaited<ReturnType<ReturnType<Writer['appendRows']>['getResult']>>

/** A request may hold 10 MB: https://cloud.google.com/bigquery/quotas#write-api-limits */
const REQUEST_BYTES = 6_000_000
const REQUEST_ROWS = 1_000
/** An answer takes a fraction of a second; one that does not come in this time is lost. */
const ANSWER_TIMEOUT_MS = 30_000

export interface AppenderOptions {
  clients: StorageClients
  project: string
  dataset: string
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
  readonly #writers = new Map<string, Writer>()

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** Refuses all rows if one of them does not fit the table. One request is all or nothing; a few thousand rows may take several. */
  async append(tableName: string, rows: TableRow[]): Promise<void> {
    const table = TABLES.find(({ name }) => name === tableName)
    if (!table) throw missingTable(tableName)
    const { clock, retry } = this.#options
    const requests = cut(rows.map((row) => storageRow(table, withinPartitions(table, row, clock.now()))))
    for (const request of requests) await withRetries(() => this.#send(table, request), retry)
  }

  close(): void {
    for (const writer of this.#writers.values()) writer.close()
    this.#writers.clear()
  }

  async #send(table: Table, rows: StorageRow[]): Promise<void> {
    try {
      const writer = this.#writers.get(table.name) ?? (await this.#open(table))
      const appended = await inTime(writer.appendRows(rows).getResult())
      // A refused request resolves like an accepted one.
      if (appended.error) throw refusal(appended)
    } catch (error) {
      this.#writers.get(table.name)?.close()
      this.#writers.delete(table.name)
      if ((error as ApiFailure).code === GRPC.notFound) throw missingTable(table.name, error)
      throw error
    }
  }

  async #open(table: Table): Promise<Writer> {
    const { clients, project, dataset } = this.#options
    const client = await clients.writer()
    const connection = await client.createStreamConnection({
      streamId: managedwriter.DefaultStream,
      destinationTable: `projects/${project}/datasets/${dataset}/tables/${table.name}`,
    })
    // The writes that wait say what broke; without a listener the process would end here.
    connection.onConnectionError(() => {})
    const writer = new managedwriter.JSONWriter({ connection, protoDescriptor: descriptor(table) })
    this.#writers.set(table.name, writer)
    return writer
  }
}

function descriptor(table: Table) {
  const fields = table.columns.map((column) => {
    const isList = column.type === 'string[]'
    const mode = isList ? 'REPEATED' : column.required ? 'REQUIRED' : 'NULLABLE'
    return { name: column.name, type: isList ? 'STRING' : bigqueryType(column), mode }
  })
  const schema = adapt.convertBigQuerySchemaToStorageTableSchema({ fields })
  return adapt.convertStorageSchemaToProto2Descriptor(schema, 'root')
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

type StorageRow = Record<string, string | number | boolean | string[]>

/** NULLs are left out; instants are micros. */
function storageRow(table: Table, row: TableRow): StorageRow {
  const cells: StorageRow = {}
  for (const { name, required } of table.columns) {
    const value = row[name] ?? null
    if (value === null && required)
      throw new Error(`a row of ${table.name} has no ${name}: ${JSON.stringify(row)}`)
    if (value === null) continue
    cells[name] =
      typeof value === 'object' && !Array.isArray(value) ? Math.round(value.timestampMicros) : value
  }
  return cells
}

function cut(rows: StorageRow[]): StorageRow[][] {
  const requests: StorageRow[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const size = sizeOf(row)
    if (bytes + size > REQUEST_BYTES || requests.at(-1)!.length === REQUEST_ROWS) {
      requests.push([])
      bytes = 0
    }
    requests.at(-1)!.push(row)
    bytes += size
  }
  return requests
}

/** At most, in bytes: three a UTF-16 unit, and some for what stands between. */
function sizeOf(row: StorageRow): number {
  let size = 0
  for (const value of Object.values(row)) {
    if (typeof value === 'string') size += 3 * value.length + 8
    else size += Array.isArray(value) ? value.reduce((sum, text) => sum + 3 * text.length + 8, 0) : 16
  }
  return size
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  return Promise.race([
    answer,
    new Promise<never>((_, reject) => {
      late.addEventListener('abort', () =>
        reject(Object.assign(new Error('no answer to an append'), { code: GRPC.deadlineExceeded })),
      )
    }),
  ])
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
