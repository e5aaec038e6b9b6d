import { TransientError } from '../../src/domain/errors.ts'
import { SOURCE_CONTRACT } from '../../src/extract/contract.ts'
import type {
  QueryOptions,
  QueryStatistics,
  QueryValue,
  ResultBatch,
  SourceColumn,
  TableRow,
  Warehouse,
} from '../../src/warehouse/warehouse.ts'
import type { Chance } from './chance.ts'
import type { SimulatedProcess } from './process.ts'
import type { Tables } from './tables.ts'
import type { WorldTime } from './time.ts'

/** What goes wrong with the warehouse, as probabilities a call. */
export interface WarehouseFaults {
  /** It is refused before it has done anything. */
  refused: number
  /** What it did stands, and nobody is told. */
  answerLost: number
  /** An append is repeated, because its first answer was lost on the way: the rows stand there twice. */
  repeated: number
  /** The result breaks off in the middle. */
  resultCut: number
}

export interface WarehouseSettings {
  isExclusive: boolean
  /** One way, milliseconds. */
  latencyMs: number
  batchRows: number
}

/** The warehouse of a simulation: tables that outlive processes, and what goes wrong on the way to them. */
export class SimulatedWarehouse {
  readonly tables: Tables
  readonly settings: WarehouseSettings
  faults: WarehouseFaults | null = null
  /** Until then, true time, nothing gets through. */
  awayUntilMs = 0
  readonly injected = new Map<string, number>()
  readonly #cutOffUntilMs = new Map<SimulatedProcess, number>()
  readonly time: WorldTime
  readonly chance: Chance

  constructor(tables: Tables, settings: WarehouseSettings, time: WorldTime, chance: Chance) {
    this.tables = tables
    this.settings = settings
    this.time = time
    this.chance = chance
  }

  connect(process: SimulatedProcess): Warehouse {
    return new Connection(this, process)
  }

  /** Whether nothing gets through from this process. */
  isAway(process: SimulatedProcess): boolean {
    return this.time.nowMs < Math.max(this.awayUntilMs, this.#cutOffUntilMs.get(process) ?? 0)
  }

  /** For so long this process alone cannot reach it. */
  cutOff(process: SimulatedProcess, ms: number): void {
    this.#cutOffUntilMs.set(process, this.time.nowMs + ms)
  }

  strikes(fault: keyof WarehouseFaults): boolean {
    if (this.faults === null || !this.chance.happens(this.faults[fault])) return false
    this.count(`warehouse ${fault}`)
    return true
  }

  count(fault: string): void {
    this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1)
  }
}

class Connection implements Warehouse {
  readonly name = 'simulated'
  readonly isExclusive?: true
  readonly #warehouse: SimulatedWarehouse
  readonly #process: SimulatedProcess

  constructor(warehouse: SimulatedWarehouse, process: SimulatedProcess) {
    this.#warehouse = warehouse
    this.#process = process
    if (warehouse.settings.isExclusive) this.isExclusive = true
  }

  async describe(): Promise<SourceColumn[]> {
    return SOURCE_CONTRACT.map(({ name }) => ({ name, type: 'STRING' }))
  }

  convertColumn({ name }: SourceColumn): { sql: string } {
    return { sql: name }
  }

  async *query(
    _sql: string,
    { name = '', parameters = {}, signal }: QueryOptions = {},
  ): AsyncIterable<ResultBatch> {
    const rows = await this.#call(() => this.#warehouse.tables.query(name, parameters))
    const { batchRows, latencyMs } = this.#warehouse.settings
    for (let start = 0; start < rows.length; start += batchRows) {
      if (signal?.aborted) throw signal.reason
      if (start > 0) await this.#process.wait(latencyMs)
      if (this.#warehouse.isAway(this.#process) || (start > 0 && this.#warehouse.strikes('resultCut')))
        throw away()
      yield batch(rows.slice(start, start + batchRows), rows.length)
    }
  }

  update(_statement: string, { name = '', parameters = {} }: QueryOptions = {}): Promise<number> {
    return this.#call(() => this.#warehouse.tables.update(name, parameters))
  }

  async append(table: string, rows: TableRow[]): Promise<void> {
    const times = this.#warehouse.strikes('repeated') ? 2 : 1
    await this.#call(() => {
      for (let time = 0; time < times; time++) this.#warehouse.tables.append(table, rows)
    })
  }

  async estimate() {
    return { bytes: null, maximumBytes: null }
  }

  async missingTables(): Promise<string[]> {
    return []
  }

  async createTables(): Promise<string[]> {
    return []
  }

  ddl(): string[] {
    return []
  }

  statistics(): QueryStatistics {
    return { bytesBilled: null }
  }

  async probes() {
    return []
  }

  async close(): Promise<void> {}

  /** What has left a process reaches the warehouse also when the process dies meanwhile. */
  #call<T>(act: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const warehouse = this.#warehouse
    const { latencyMs } = warehouse.settings
    if (!this.#process.mayAct()) return promise
    const answer = (deliver: () => void) =>
      warehouse.time.after(latencyMs, () => this.#process.enter(deliver))
    warehouse.time.after(latencyMs, () => {
      if (warehouse.isAway(this.#process) || warehouse.strikes('refused')) {
        answer(() => reject(away()))
        return
      }
      const result = act()
      if (warehouse.strikes('answerLost')) answer(() => reject(away()))
      else answer(() => resolve(result))
    })
    return promise
  }
}

function away(): TransientError {
  return new TransientError('the warehouse does not answer', { hint: 'Try again later.' })
}

function batch(rows: Record<string, QueryValue>[], totalRows: number): ResultBatch {
  const columns: ResultBatch['columns'] = {}
  for (const name of Object.keys(rows[0]!)) columns[name] = rows.map((row) => row[name]!)
  return { rowCount: rows.length, totalRows, columns }
}
