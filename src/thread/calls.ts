import type { Config } from '../config.ts'
import type { AuditRow } from '../domain/settlement.ts'
import type { IntakeRequest } from '../intake.ts'
import type { OpenOptions } from '../warehouse/open-warehouse.ts'
import type {
  QueryEstimate,
  QueryOptions,
  QueryStatistics,
  ResultBatch,
  SourceColumn,
  TableRow,
} from '../warehouse/warehouse.ts'
import type { PackedIntake } from './packed-intake.ts'

/** Options that may cross to another thread. */
export type PlainQueryOptions = Omit<QueryOptions, 'signal'>
export type PlainOpenOptions = Omit<OpenOptions, 'onTrouble' | 'hurry'>

/** What is read batch by batch. */
export type Reading =
  | { kind: 'query'; sql: string; options: PlainQueryOptions }
  | { kind: 'intake'; request: IntakeRequest }
export type Batch = ResultBatch | PackedIntake

/** What the thread that has the warehouse is asked. All of them reject with a `ThreadError`. */
export interface WarehouseCalls {
  open(config: Pick<Config, 'warehouse' | 'audit'>, options: PlainOpenOptions): Promise<Opened>
  describe(select: string): Promise<SourceColumn[]>
  estimate(sql: string, options: PlainQueryOptions): Promise<QueryEstimate>
  update(statement: string, options: PlainQueryOptions): Promise<number>
  append(table: string, rows: TableRow[]): Promise<void>
  record(rows: readonly AuditRow[]): Promise<void>
  missingTables(): Promise<string[]>
  /** Begins to read; `next` answers the batches one after the other, null at the end, and one is made ready ahead. */
  start(reading: number, what: Reading): Promise<void>
  next(reading: number): Promise<Batch | null>
  /** Its next batch is no more wanted: what is under way breaks off. */
  abort(reading: number): Promise<void>
  /** Ends it, also in the middle. */
  end(reading: number): Promise<void>
  /** The program is to end soon (see `OpenOptions.hurry`). */
  hurry(): Promise<void>
  close(): Promise<void>
}

export interface Opened {
  name: string
  isExclusive: boolean
}

/** What the thread says unasked. */
export interface WarehouseEvents {
  trouble(message: string): void
  /** Comes before the answer to the call that changed them. */
  statistics(statistics: QueryStatistics): void
}
