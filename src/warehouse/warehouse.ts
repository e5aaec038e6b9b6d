/** A named parameter of a query: text, a whole number, a truth value, or an instant in epoch microseconds. */
export type QueryParameter = string | number | boolean | null | { timestampMicros: number }
export type QueryParameters = Record<string, QueryParameter>

/**
 * A value that a query returns. Queries are written so that nothing else comes back: instants as micros, decimals as text without
 * closing zeros, and a whole number that is not exact as a JavaScript number as text.
 */
export type QueryValue = string | number | boolean | null

export interface SourceColumn {
  name: string
  /** The warehouse's own name of the type, upper case: `VARCHAR`, `TIMESTAMP WITH TIME ZONE`, `NUMERIC`. */
  type: string
}

/** A part of a result, column by column: `columns.transaction_id[i]` belongs to row i of the batch. */
export interface ResultBatch {
  rowCount: number
  /** Rows of the whole result, this batch included. */
  totalRows: number
  columns: Record<string, QueryValue[]>
}

/** What a query would read, before it runs. */
export interface QueryEstimate {
  /** null where the engine does not bill by the byte. */
  bytes: number | null
  /** More than this is refused. */
  maximumBytes: number | null
}

export interface QueryStatistics {
  /** null where the engine does not bill by the byte. */
  bytesBilled: number | null
}

/** What is kept in the warehouse: the rows of a table, values by column name. Instants are `{ timestampMicros }`. */
export type TableRow = Record<string, QueryParameter | string[]>

/** One thing that a run needs of its warehouse. Trying it leaves no trace. */
export interface Probe {
  name: string
  /** What it takes, in the warehouse's own words; null where permissions have no names. */
  permission: string | null
  /** Names of earlier probes: where one of them fails, this one could only say the same. */
  needs: readonly string[]
  /** Without it the source can be neither described (`contract`) nor read (`sample`); null where only a run needs it. */
  neededFor: 'contract' | 'sample' | null
  /** How a run does without it; null where it cannot. */
  without: string | null
  /** Answers what was seen. Throws as the other methods do. */
  attempt(): Promise<string>
}

/** A warehouse holds the source rows and the tables of this program. Errors are `TerminalError` or `TransientError`. */
export interface Warehouse {
  /** Names this warehouse for messages and for the journal: `duckdb:/data/warehouse.duckdb`. */
  readonly name: string

  /** Set where no other process can have it open meanwhile: DuckDB locks its file. */
  readonly isExclusive?: true

  /** Column names and types that a SELECT in the warehouse's own dialect yields, without running it. */
  describe(select: string): Promise<SourceColumn[]>

  /**
   * How a source column of this type becomes what the contract wants, as SQL in the warehouse's own dialect.
   * `null` when no exact conversion exists, and then `castHint` names the cast that the user can write.
   */
  convertColumn(column: SourceColumn, to: ContractType): { sql: string } | { castHint: string }

  /**
   * Runs a query of `sql/` (GoogleSQL; see `translate.ts`) with `{{source}}` replaced by `source`,
   * which is in the warehouse's own dialect and is left as it is. Rows come in the query's order, in bounded memory.
   */
  query(sql: string, options?: QueryOptions): AsyncIterable<ResultBatch>

  /** What the same query would read, without running it. */
  estimate(sql: string, options?: QueryOptions): Promise<QueryEstimate>

  /**
   * Runs one UPDATE or INSERT of `sql/` (GoogleSQL; see `translateChange`) and answers how many rows it changed. It is durable then. Of
   * two statements at once the second sees what the first has done, or fails with a `TransientError`.
   */
  update(statement: string, options?: Pick<QueryOptions, 'name' | 'parameters'>): Promise<number>

  /** Appends rows to one of this program's tables; when it returns they are durable. All of them, or none. */
  append(table: string, rows: TableRow[]): Promise<void>

  /** Names of this program's tables and views that are missing, and `table.column` for a missing column. */
  missingTables(): Promise<string[]>

  statistics(): QueryStatistics

  close(): Promise<void>
}

/** A warehouse for those who set it up, or look what is wrong with it. */
export interface WarehouseAdmin extends Warehouse {
  /**
   * Creates the program's tables and views where they are missing, and adds columns that may be NULL to those of an earlier version. Answers
   * the names of what it created, `table.column` for a column.
   */
  createTables(): Promise<string[]>

  /** The DDL that `createTables` runs, for people who create tables by other means. */
  ddl(): string[]

  /** What a run needs, each to be tried, in an order in which the ones before explain the ones after. */
  probes(): Promise<Probe[]>
}

export interface QueryOptions {
  /** The file that the query comes from, for messages. */
  name?: string
  parameters?: QueryParameters
  source?: string
  /** Stops the query; the iteration then throws. */
  signal?: AbortSignal
}

/** Types of the source contract. `text_json` is JSON text made from text, JSON, or a struct. */
export type ContractType = 'text' | 'timestamp' | 'decimal_text' | 'text_json'
