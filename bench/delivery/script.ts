import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Prepare } from '../frame/benchmark.ts'
import { temporaryFolder } from '../frame/folder.ts'
import type { PurchasesFile } from './purchases.ts'
import type { Sink } from './sink.ts'
import { sendPurchases } from './user-script.ts'

/** The script that `user-script.ts` is, on a copy of the file. */
export const userScript: Prepare = async (_rows, fixtures) => {
  const [purchases, { url }] = fixtures as [PurchasesFile, Sink]
  const path = join(temporaryFolder(), 'warehouse.duckdb')
  copyFileSync(purchases.path, path)
  return { work: () => sendPurchases(path, url, 'bench'), async close() {} }
}
