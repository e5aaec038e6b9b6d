import { DuckDBConnection } from '@duckdb/node-api'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import type { Prepare } from '../frame/benchmark.ts'
import type { PurchasesFile } from './purchases.ts'
import { sourceRows } from './source-rows.ts'

/**
 * The query of the extraction, opened and asked for as a run does it; but its rows are only fetched, and no JavaScript is made of them. What
 * this process takes is what DuckDB takes, and Node with nothing to do.
 */
export const duckdbAlone: Prepare = async (_rows, fixtures) => {
  const [{ path }] = fixtures as [PurchasesFile]
  const warehouse = await openDuckdbWarehouse({ path })
  return {
    async work() {
      const drained = drainStreams()
      // What was fetched here is missing there, which the reader notices: an error after all is done.
      const rows = sourceRows(warehouse)[Symbol.asyncIterator]()
      await rows.next().catch((error: unknown) => {
        if (drained.rows === 0) throw error
      })
      return drained.rows
    },
    close: () => warehouse.close(),
  }
}

/**
 * Only the garbage collector gives a chunk back to DuckDB, and nothing here would make it run: all of them together would be taken for
 * DuckDB's own memory. A chunk is about a megabyte.
 */
const CHUNKS_KEPT = 8

/** From now on a result that is streamed has been read to its end before whoever asked for it gets it. */
function drainStreams(): { rows: number } {
  const { stream } = DuckDBConnection.prototype
  const drained = { rows: 0 }
  DuckDBConnection.prototype.stream = async function (...query) {
    const result = await stream.apply(this, query)
    for (let chunks = 1; ; chunks++) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return result
      drained.rows += chunk.rowCount
      if (chunks % CHUNKS_KEPT === 0) gc?.({ type: 'minor', execution: 'sync' })
    }
  }
  return drained
}
