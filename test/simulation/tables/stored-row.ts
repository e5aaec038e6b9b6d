import { type Column, type ColumnType, TABLES } from '../../../src/warehouse/schema.ts'
import type { TableRow } from '../../../src/warehouse/warehouse.ts'

const FITS: Record<ColumnType, (cell: TableRow[string]) => boolean> = {
  string: (cell) => typeof cell === 'string',
  int64: (cell) => Number.isInteger(cell),
  numeric: (cell) => typeof cell === 'string' || typeof cell === 'number',
  bool: (cell) => typeof cell === 'boolean',
  timestamp: (cell) => typeof cell === 'object' && cell !== null && 'timestampMicros' in cell,
  'string[]': (cell) => Array.isArray(cell),
}

const COLUMNS = new Map<string, readonly Column[]>(TABLES.map(({ name, columns }) => [name, columns]))

/** Throws where the warehouse would refuse the row: NULL in a column that has to be there, or a value of another type. */
export function checkStorable(table: string, row: TableRow): void {
  for (const { name, type, required } of COLUMNS.get(table)!) {
    const cell = row[name] ?? null
    const fits = cell === null ? !required : FITS[type](cell)
    if (!fits) throw new Error(`${table}.${name} takes no ${JSON.stringify(cell)}`)
  }
}
