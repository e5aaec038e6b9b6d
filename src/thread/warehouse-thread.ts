import { Worker } from 'node:worker_threads'
import { type BirpcReturn, createBirpc } from 'birpc'
import type { Config } from '../config.ts'
import type { AuditRow } from '../domain/settlement.ts'
import type { Ends } from '../ends.ts'
import type { IntakeBatch, IntakeRequest } from '../intake.ts'
import { columnConverter } from '../warehouse/column-converter.ts'
import type { OpenOptions } from '../warehouse/open-warehouse.ts'
import type {
  ContractType,
  QueryEstimate,
  QueryOptions,
  QueryStatistics,
  ResultBatch,
  SourceColumn,
  TableRow,
  Warehouse,
} from '../warehouse/warehouse.ts'
import type { Batch, Opened, PlainQueryOptions, Reading, WarehouseCalls, WarehouseEvents } from './calls.ts'
import { type PackedIntake, unpackIntake } from './packed-intake.ts'
import { type ThreadError, unpackError } from './thread-error.ts'

type Remote = BirpcReturn<WarehouseCalls, WarehouseEvents>

/**
 * Opens the warehouse of the configuration in a thread of its own, so that reading, checking and encoding the rows, and writing back what
 * became of them, take nothing from the thread that delivers. Nothing that decides about sending is over there: order, journal, rate and
 * the last look at the lease are the caller's.
 *
 * @throws what `openWarehouse` throws.
 */
export async function openInThread(config: Config, options: OpenOptions = {}): Promise<WarehouseThread> {
  const { onTrouble, hurry, ...plain } = options
  const worker = new Worker(new URL('./thread-main.ts', import.meta.url))
  let statistics: QueryStatistics = { bytesBilled: null }
  const events: WarehouseEvents = {
    trouble: (message) => onTrouble?.(message),
    statistics: (newest) => {
      statistics = newest
    },
  }
  const remote: Remote = createBirpc<WarehouseCalls, WarehouseEvents>(events, {
    post: (message) => worker.postMessage(message),
    on: (listen) => void worker.on('message', listen),
    // How long the warehouse may take is its own affair.
    timeout: -1,
  })
  worker.on('error', (error) => remote.$close(error as Error))
  worker.on('exit', () => remote.$close(new Error('the thread of the warehouse ended')))
  const { warehouse, audit } = config
  try {
    const opened = await answered(remote.open({ warehouse, audit }, plain))
    const hurryUp = () => void remote.hurry().catch(() => {})
    hurry?.addEventListener('abort', hurryUp)
    if (hurry?.aborted) hurryUp()
    return new WarehouseThread({
      worker,
      remote,
      opened,
      convert: columnConverter(warehouse.type),
      statistics: () => statistics,
    })
  } catch (error) {
    await worker.terminate()
    throw error
  }
}

interface Parts {
  worker: Worker
  remote: Remote
  opened: Opened
  convert: Warehouse['convertColumn']
  statistics: () => QueryStatistics
}

/** A warehouse that lives in another thread, and the ends of the pipeline there. */
export class WarehouseThread implements Warehouse, Ends {
  readonly name: string
  readonly isExclusive?: true
  readonly #parts: Parts
  readonly #remote: Remote
  #readings = 0
  #closing: Promise<void> | null = null

  constructor(parts: Parts) {
    this.#parts = parts
    this.#remote = parts.remote
    this.name = parts.opened.name
    if (parts.opened.isExclusive) this.isExclusive = true
  }

  describe(select: string): Promise<SourceColumn[]> {
    return answered(this.#remote.describe(select))
  }

  convertColumn(column: SourceColumn, to: ContractType): { sql: string } | { castHint: string } {
    return this.#parts.convert(column, to)
  }

  query(sql: string, options: QueryOptions = {}): AsyncIterable<ResultBatch> {
    return this.#read({ kind: 'query', sql, options: plainOf(options) }, options.signal)
  }

  async *takeIn(request: IntakeRequest, signal?: AbortSignal): AsyncGenerator<IntakeBatch, void> {
    for await (const packed of this.#read<PackedIntake>({ kind: 'intake', request }, signal))
      yield unpackIntake(packed)
  }

  estimate(sql: string, options: QueryOptions = {}): Promise<QueryEstimate> {
    return answered(this.#remote.estimate(sql, plainOf(options)))
  }

  update(statement: string, options: Pick<QueryOptions, 'name' | 'parameters'> = {}): Promise<number> {
    return answered(this.#remote.update(statement, options))
  }

  append(table: string, rows: TableRow[]): Promise<void> {
    return answered(this.#remote.append(table, rows))
  }

  record(rows: readonly AuditRow[]): Promise<void> {
    return answered(this.#remote.record(rows))
  }

  missingTables(): Promise<string[]> {
    return answered(this.#remote.missingTables())
  }

  statistics(): QueryStatistics {
    return this.#parts.statistics()
  }

  /** The thread ends as well; if it has ended by itself, whoever asked it something has been told. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      if (!this.#remote.$closed) await answered(this.#remote.close())
    } finally {
      await this.#parts.worker.terminate()
    }
  }

  async *#read<T extends Batch>(what: Reading, signal: AbortSignal | undefined): AsyncGenerator<T, void> {
    signal?.throwIfAborted()
    const number = ++this.#readings
    const abort = () => void this.#remote.abort(number).catch(() => {})
    signal?.addEventListener('abort', abort)
    try {
      await answered(this.#remote.start(number, what))
      for (;;) {
        const batch = await answered(this.#remote.next(number))
        if (batch === null) return
        yield batch as T
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
      // A thread that is gone has told so already.
      await this.#remote.end(number).catch(() => {})
    }
  }
}

function plainOf({ signal: _, ...plain }: QueryOptions): PlainQueryOptions {
  return plain
}

/** What the other thread answered, or threw. An error of this side comes as it is: the thread is gone. */
async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw error instanceof Error ? error : unpackError(error as ThreadError)
  }
}
