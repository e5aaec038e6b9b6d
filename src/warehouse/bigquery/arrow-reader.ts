import type { BigQueryReadClient } from '@google-cloud/bigquery-storage'
import { type Data, type RecordBatch, RecordBatchReader, Type, type Utf8, type Vector } from 'apache-arrow'
import { trimZeros } from '../numeric.ts'
import type { QueryValue, ResultBatch } from '../warehouse.ts'
import { GRPC } from './failures.ts'
import { missingRows } from './page-reader.ts'
import type { TableReference } from './rest-types.ts'
import { inTime, type RetryOptions, withRetries } from './retries.ts'
import { wholeNumber } from './values.ts'

/** A session is there in a second or two. */
const SESSION_TIMEOUT_MS = 30_000

/** One stream of a table that cannot change any more. */
export interface ReadStream {
  name: string
  schema: Uint8Array
}

/** A session over the rows of a finished query. One stream, for only that keeps their order; `null` when there are no rows. */
export async function openReadStream(
  client: BigQueryReadClient,
  project: string,
  table: TableReference,
  options: RetryOptions,
): Promise<ReadStream | null> {
  const path = `projects/${table.projectId}/datasets/${table.datasetId}/tables/${table.tableId}`
  const [session] = await withRetries(
    () =>
      client.createReadSession(
        {
          parent: `projects/${project}`,
          readSession: { table: path, dataFormat: 'ARROW' },
          maxStreamCount: 1,
        },
        // The client itself would go on for ten minutes.
        { retry: null, timeout: SESSION_TIMEOUT_MS },
      ),
    options,
  )
  const name = session.streams?.[0]?.name
  const schema = session.arrowSchema?.serializedSchema
  return name && schema ? { name, schema: bytes(schema) } : null
}

/** A stream that stands still has broken, though nobody says so. */
const MESSAGE_TIMEOUT_MS = 60_000

/** A message may hold tens of megabytes; only so many rows of it are JavaScript values at a time. */
const BATCH_ROWS = 4_096

/** Reads a stream to its end. Where it breaks, it is read again from the row that is due; the count proves that all rows came. */
export async function* readArrow(
  client: BigQueryReadClient,
  stream: ReadStream | null,
  totalRows: number,
  { firstRetry, retry }: { firstRetry: RetryOptions; retry: RetryOptions },
): AsyncGenerator<ResultBatch, void> {
  const messages = new Messages(client, stream?.name ?? '')
  let rows = 0
  try {
    while (stream && rows < totalRows) {
      const next = () =>
        inTime(messages.next(rows, totalRows), MESSAGE_TIMEOUT_MS, 'the next rows', retry.signal).catch(
          (error: unknown) => {
            messages.close()
            throw error
          },
        )
      const message = await withRetries(next, rows === 0 ? firstRetry : retry)
      for (const batch of RecordBatchReader.from([stream.schema, message])) {
        rows += batch.numRows
        for (let start = 0; start < batch.numRows; start += BATCH_ROWS) {
          yield batchOf(batch.slice(start, Math.min(start + BATCH_ROWS, batch.numRows)), totalRows)
        }
      }
    }
    if (rows !== totalRows) throw missingRows(rows, totalRows)
  } finally {
    messages.close()
  }
}

function batchOf(batch: RecordBatch, totalRows: number): ResultBatch {
  const columns = batch.schema.fields.map(({ name }, index) => [
    name,
    valuesOf(name, batch.getChildAt(index)!),
  ])
  return { rowCount: batch.numRows, totalRows, columns: Object.fromEntries(columns) }
}

type Response = { arrowRecordBatch?: { serializedRecordBatch?: Uint8Array | string | null } | null }

/** Ours begin at the row that is due; the library's own would take two more tries for every refusal. */
const NO_RETRIES = { retry: null, retryRequestOptions: { retries: 0, noResponseRetries: 0 } }

/** The messages of a stream, one after the other; after a failure it begins again at the row that it is asked for. */
class Messages {
  readonly #client: BigQueryReadClient
  readonly #name: string
  #call: ReturnType<BigQueryReadClient['readRows']> | null = null
  #responses: AsyncIterator<Response> | null = null

  constructor(client: BigQueryReadClient, name: string) {
    this.#client = client
    this.#name = name
  }

  async next(fromRow: number, totalRows: number): Promise<Uint8Array> {
    try {
      this.#responses ??= this.#open(fromRow)
      const { value, done } = await this.#responses.next()
      if (done) throw Object.assign(missingRows(fromRow, totalRows), { code: GRPC.unavailable })
      return bytes(value.arrowRecordBatch?.serializedRecordBatch ?? '')
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    this.#call?.on('error', () => {})
    this.#call?.cancel()
    this.#call = null
    this.#responses = null
  }

  #open(fromRow: number): AsyncIterator<Response> {
    this.#call = this.#client.readRows({ readStream: this.#name, offset: fromRow }, NO_RETRIES)
    return this.#call[Symbol.asyncIterator]() as AsyncIterator<Response>
  }
}

/** Most values are NULL or text, and Arrow's own way to get one costs as much as all the rest: these two are read here. */
function valuesOf(name: string, vector: Vector): QueryValue[] {
  const { length, offset, nullCount, nullBitmap } = vector.data[0]!
  const values = new Array<QueryValue>(length).fill(null)
  if (nullCount === length) return values
  const read = reader(name, vector)
  for (let index = 0; index < length; index++) {
    const bit = offset + index
    const isThere = nullCount === 0 || (nullBitmap[bit >> 3]! >> (bit & 7)) & 1
    if (isThere) values[index] = read(index)
  }
  return values
}

/** A type that no query should return is a bug. */
function reader(name: string, vector: Vector): (index: number) => QueryValue {
  const { type } = vector
  switch (type.typeId) {
    case Type.Utf8:
      return textReader(vector.data[0]! as Data<Utf8>)
    case Type.Bool:
      return (index) => vector.get(index) as boolean
    case Type.Int:
      return (index) => wholeNumber(vector.get(index) as bigint)
    case Type.Decimal:
      return (index) => decimalText(vector.get(index) as Uint32Array, type.scale)
    default:
      throw new Error(`column ${name} has type ${type}, which no query may return`)
  }
}

/** Arrow's own decoder would take a byte order mark off, and an id without it is another one. */
function textReader({ values, valueOffsets }: Data<Utf8>): (index: number) => string {
  const text = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return (index) => text.toString('utf8', valueOffsets[index], valueOffsets[index + 1])
}

/** Arrow's decimals are whole numbers of 128 or 256 bits, the lowest word first, in two's complement. */
function decimalText(words: Uint32Array, scale: number): string {
  const bits = BigInt(words.length * 32)
  const unsigned = words.reduceRight((value, word) => (value << 32n) | BigInt(word), 0n)
  const value = BigInt.asIntN(Number(bits), unsigned)
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return (value < 0n ? '-' : '') + trimZeros(text)
}

function bytes(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, 'base64') : data
}
