import type { BigQuery } from '@google-cloud/bigquery'
import { inject } from 'vitest'
import { createDataset, LOCATION, PROJECT } from './dataset.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { bigqueryClient } from './google-clients.ts'

export interface Proxied {
  proxy: FaultProxy
  /** Google's client, through the proxy. */
  client: BigQuery
  dataset: string
  /** A table of the dataset with the ids from 1 to `rows`, by the name that the Storage API wants. */
  idTable(rows: number): Promise<string>
  /** Ids in that table, straight from the emulator. */
  storedIds(): Promise<number[]>
}

/** A proxy, a dataset and a client of the test's own. */
export async function proxied(options?: { bytesProcessed?: number }): Promise<Proxied> {
  const emulator = inject('bigquery')
  const proxy = await startFaultProxy(emulator, options)
  const dataset = await createDataset(emulator.restUrl)
  const direct = bigqueryClient(emulator.restUrl)
  return {
    proxy,
    client: bigqueryClient(proxy.restUrl),
    dataset,
    async idTable(rows) {
      const ids =
        rows > 0 ? `SELECT id FROM UNNEST(GENERATE_ARRAY(1, ${rows})) AS id` : 'SELECT 1 AS id LIMIT 0'
      await direct.query({ query: `CREATE TABLE ${dataset}.ids AS ${ids}`, location: LOCATION })
      return `projects/${PROJECT}/datasets/${dataset}/tables/ids`
    },
    async storedIds() {
      const [rows] = await direct.query({ query: `SELECT id FROM ${dataset}.ids ORDER BY id` })
      return rows.map(({ id }: { id: number }) => id)
    },
  }
}

/** What a promise fails with. */
// biome-ignore lint/suspicious/noExplicitAny: errors of Google's clients, each with fields of its own.
export async function failure(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error,
  )
}
