import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { provide } from '../frame/script.ts'
import { SOURCE } from './purchases.ts'
import { encoder, sourceRows } from './source-rows.ts'

/** Encodes the first purchases of a file as a run does, and provides the bodies: `node bodies.ts FILE COUNT`. */
const [path, count] = process.argv.slice(2) as [string, string]
const warehouse = await openDuckdbWarehouse({ path, readOnly: true })
const bodies: string[] = []
const encode = encoder()
for await (const rows of sourceRows(warehouse, `${SOURCE} ORDER BY occurred_at LIMIT ${count}`))
  bodies.push(...rows.map((row) => encode(row).query))
await warehouse.close()
await provide(bodies)
process.exit()
