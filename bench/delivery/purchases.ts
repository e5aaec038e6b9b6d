import { join } from 'node:path'
import type { Fixture } from '../frame/benchmark.ts'

/** What `purchases-file.ts` provides. */
export interface PurchasesFile {
  path: string
}

/** The user's SELECT. */
export const SOURCE = 'SELECT * FROM purchases'

/** A file with as many rows as are asked for. */
export function purchasesOf(devices: (rows: number) => number): Fixture {
  return {
    script: join(import.meta.dirname, 'purchases-file.ts'),
    args: (rows) => [rows, devices(rows)].map(String),
  }
}
