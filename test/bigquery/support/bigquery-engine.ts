import { inject, onTestFinished } from 'vitest'
import { openBigqueryWarehouse } from '../../../src/warehouse/bigquery-warehouse.ts'
import type { WarehouseAdmin } from '../../../src/warehouse/warehouse.ts'
import type { Engine } from '../../warehouse/engine.ts'
import { createDataset, LOCATION, PROJECT } from './dataset.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { bigqueryClient } from './google-clients.ts'
import { bigqueryLiteral } from './literal.ts'

/** BigQuery as the suites see it: the emulator behind a proxy that answers as BigQuery does, and a dataset for each warehouse. */
export const bigquery: Engine = {
  name: 'BigQuery',
  async open() {
    return (await openOwn()).warehouse
  },
  async openChanged(statements) {
    const { warehouse, dataset } = await openOwn()
    const client = bigqueryClient(inject('bigquery').restUrl)
    for (const query of statements((name) => `\`${PROJECT}.${dataset}.${name}\``))
      await client.query({ query, location: LOCATION })
    return warehouse
  },
  literal: bigqueryLiteral,
}

async function openOwn(): Promise<{ warehouse: WarehouseAdmin; dataset: string }> {
  const emulator = inject('bigquery')
  const proxy = await startFaultProxy(emulator)
  const dataset = await createDataset(emulator.restUrl)
  const warehouse = await openBigqueryWarehouse({
    project: PROJECT,
    dataset,
    location: LOCATION,
    maximumBytesBilled: 10_000_000_000,
    apiEndpoint: proxy.restUrl,
    storageEndpoint: proxy.grpcUrl,
  })
  // Hooks run last first: the warehouse is closed before its dataset goes.
  onTestFinished(() => warehouse.close())
  await warehouse.createTables()
  return { warehouse, dataset }
}
