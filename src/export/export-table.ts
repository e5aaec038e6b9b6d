import { TerminalError } from '../domain/errors.ts'
import { readQuery } from '../warehouse/queries.ts'
import type { QueryValue, SourceColumn, Warehouse } from '../warehouse/warehouse.ts'
import { type ColumnFlags, type ExportColumns, findColumns } from './columns.ts'
import { type ExportReader, type ExportRow, readTime, transactionIdOf } from './export-row.ts'

type Engine = Pick<Warehouse, 'describe' | 'convertColumn' | 'query'>

/**
 * An export that has been loaded into a table of the warehouse; its name is SQL of the warehouse's own dialect. Throws what the
 * warehouse throws when there is no such table, and a TerminalError for a column of a type that cannot be read exactly.
 */
export async function openTable(
  warehouse: Engine,
  table: string,
  flags: ColumnFlags,
  signal?: AbortSignal,
): Promise<ExportReader> {
  const select = `SELECT * FROM ${table}`
  const columns = await warehouse.describe(select)
  const found = findColumns(
    columns.map(({ name }) => name),
    flags,
    table,
  )
  const source = projection(warehouse, select, columns, {
    ...found,
    time: flags.time === null ? readable(warehouse, columns, found.time) : found.time,
  })
  return {
    names: [table],
    async *read() {
      const options = { name: 'sql/export.sql', source, ...(signal ? { signal } : {}) }
      for await (const { rowCount, columns } of warehouse.query(readQuery('export.sql'), options))
        yield Array.from({ length: rowCount }, (_, index) => exportRow(columns, index, found))
    },
  }
}

/** The user's table in the shape that `sql/export.sql` reads. */
function projection(
  warehouse: Engine,
  select: string,
  columns: SourceColumn[],
  { transactionId, isJson, appToken, eventToken, time }: ExportColumns,
): string {
  const text = (index: number | null, name: string, type: 'text' | 'text_json' = 'text') =>
    index === null
      ? `CAST(NULL AS STRING) AS ${name}`
      : `${converted(warehouse, columns[index]!, type)} AS ${name}`
  const isInstant = time !== null && 'sql' in warehouse.convertColumn(columns[time]!, 'timestamp')
  const instant = isInstant ? converted(warehouse, columns[time]!, 'timestamp') : 'CAST(NULL AS TIMESTAMP)'
  const items = [
    text(transactionId, 'transaction_id', isJson ? 'text_json' : 'text'),
    text(appToken, 'app_token'),
    text(eventToken, 'event_token'),
    `${instant} AS occurred_at`,
    text(isInstant ? null : time, 'parameters'),
  ]
  return `SELECT ${items.join(', ')} FROM (${select}) AS export_rows`
}

/** A time that nobody has asked for and that cannot be read is done without. */
function readable(warehouse: Engine, columns: SourceColumn[], time: number | null): number | null {
  if (time === null) return null
  const isReadable = (['timestamp', 'text'] as const).some(
    (type) => 'sql' in warehouse.convertColumn(columns[time]!, type),
  )
  return isReadable ? time : null
}

function converted(
  warehouse: Engine,
  column: SourceColumn,
  type: 'text' | 'text_json' | 'timestamp',
): string {
  const conversion = warehouse.convertColumn(column, type)
  if ('sql' in conversion) return conversion.sql
  throw new TerminalError(`column ${column.name} has type ${column.type}, which cannot be read exactly`, {
    hint: `Give a view that has ${conversion.castHint}.`,
  })
}

function exportRow(columns: Record<string, QueryValue[]>, index: number, found: ExportColumns): ExportRow {
  const text = (name: string) => (columns[name]?.[index] ?? '') as string
  const id = text('transaction_id')
  const micros = columns.reported_at_micros?.[index] ?? null
  return {
    transactionId: found.isJson ? transactionIdOf(id) : id,
    appToken: found.appToken === null ? null : text('app_token'),
    eventToken: found.eventToken === null ? null : text('event_token'),
    atMs: micros === null ? readTime(text('reported_at_text')) : Number(micros) / 1000,
    source: 0,
    line: null,
  }
}
