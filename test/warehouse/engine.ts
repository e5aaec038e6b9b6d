import type { WarehouseAdmin } from '../../src/warehouse/warehouse.ts'

export type CellType = 'text' | 'timestamp' | 'decimal' | 'json'

/** What a behavioural suite needs of a warehouse that it runs against. */
export interface Engine {
  name: string
  /** A warehouse of its own for one test, with this program's tables in it; it is closed when the test ends. */
  open(): Promise<WarehouseAdmin>
  /** The same, but for statements that were run afterwards: `tableName` names a table as the engine's SQL wants it. */
  openChanged(statements: (tableName: (name: string) => string) => string[]): Promise<WarehouseAdmin>
  /** A value of the source in the engine's own dialect; null is NULL of that type. Timestamps are ISO text. */
  literal(value: string | null, type: CellType): string
}

/** Column by column; a column that is left out of a row is NULL. */
export type SourceCells = Record<string, string | null>

const TYPES: Record<string, CellType> = {
  occurred_at: 'timestamp',
  revenue: 'decimal',
  callback_params: 'json',
}

/** A SELECT in the engine's own dialect that yields these rows, with every column that any of them has. */
export function selectOf(engine: Engine, rows: SourceCells[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const selects = rows.map((row) => {
    const items = columns.map(
      (column) => `${engine.literal(row[column] ?? null, TYPES[column] ?? 'text')} AS ${column}`,
    )
    return `SELECT ${items.join(', ')}`
  })
  return selects.join('\nUNION ALL\n')
}
