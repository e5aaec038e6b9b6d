import { onTestFinished } from 'vitest'
import { duckdbDdl } from '../../src/warehouse/ddl.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import type { CellType, Engine } from './engine.ts'
import { makeDuckdbFile, scratchPath } from './scratch.ts'

const TYPES: Record<CellType, string> = {
  text: 'VARCHAR',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  decimal: 'DECIMAL(18,3)',
  json: 'JSON',
}

export const duckdb: Engine = {
  name: 'DuckDB',
  async open() {
    const warehouse = await openDuckdbWarehouse({ path: scratchPath('warehouse.duckdb'), create: true })
    onTestFinished(() => warehouse.close())
    await warehouse.createTables()
    return warehouse
  },
  async openChanged(statements) {
    const path = scratchPath('warehouse.duckdb')
    await makeDuckdbFile(path, [...duckdbDdl(), ...statements((name) => name)])
    const warehouse = await openDuckdbWarehouse({ path })
    onTestFinished(() => warehouse.close())
    return warehouse
  },
  literal(value, type) {
    const text = value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`
    return `CAST(${text} AS ${TYPES[type]})`
  },
}
