import { loadConfig } from '../../src/config.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { MS_PER_DAY } from '../../src/domain/durations.ts'
import type { Event, SourceRow } from '../../src/domain/event.ts'
import { checkContract, extract } from '../../src/extract/extract.ts'
import { transformRules } from '../../src/selection.ts'
import { createTransform } from '../../src/transform/transform.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { SOURCE } from './purchases.ts'

const WINDOW_DAYS = 58

/** What has to be set; the rest is as a run has it when nothing is said. */
const CONFIG = await loadConfig({
  env: { ADJUST_S2S_WAREHOUSE_TYPE: 'duckdb', ADJUST_S2S_WAREHOUSE_PATH: 'any', ADJUST_S2S_SOURCE: 'any' },
  // No configuration file stands here.
  workingDirectory: import.meta.dirname,
})

/** Rows as the pipeline gets them, batch by batch. `source` is the user's SELECT. */
export async function* sourceRows(warehouse: Warehouse, source = SOURCE): AsyncIterable<SourceRow[]> {
  const nowMs = systemClock.now()
  yield* extract(warehouse, await checkContract(warehouse, source), {
    window: { fromMs: nowMs - WINDOW_DAYS * MS_PER_DAY, toMs: nowMs, full: true },
    resend: 'none',
    nowMs,
    inDoubtBlocks: { revenue: true, other: true },
    inDoubtHoldHours: CONFIG.delivery.inDoubtHoldHours,
  })
}

/** All of them at once: what is made of them can then be measured without what it takes to read them. */
export async function allSourceRows(path: string): Promise<SourceRow[]> {
  const warehouse = await openDuckdbWarehouse({ path })
  const batches: SourceRow[][] = []
  for await (const batch of sourceRows(warehouse)) batches.push(batch)
  await warehouse.close()
  return batches.flat()
}

/** From a row to what is sent for it. */
export function encoder(): (row: SourceRow) => Event {
  const transform = createTransform(transformRules(CONFIG, { resend: 'none' }))
  const nowMs = systemClock.now()
  return (row) => {
    const result = transform(row, nowMs)
    if (result.kind !== 'event') throw new Error(`${row.transactionId} would not be sent`)
    return result.event
  }
}
