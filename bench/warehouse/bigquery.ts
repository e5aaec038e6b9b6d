import { openBigqueryWarehouse } from '../../src/warehouse/bigquery-warehouse.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'

/** What `bigquery-server.ts` provides. */
export type BigqueryServer = Record<Distance, { restUrl: string; grpcUrl: string }>
/** On this machine, or ten milliseconds away (see `far.ts`). */
export type Distance = 'near' | 'far'

/** The production warehouse against the bench's server. In project `pages` queries are read by REST, in others as Arrow. */
export async function openBigquery(
  server: BigqueryServer,
  distance: Distance,
  project: 'pages' | 'arrow',
): Promise<Warehouse> {
  // They are loaded when they are first needed, which takes longer than reading 20,000 rows.
  await Promise.all([
    import('../../src/warehouse/bigquery/arrow-reader.ts'),
    import('../../src/warehouse/bigquery/appender.ts'),
    import('google-gax'),
  ])
  return openBigqueryWarehouse({
    project,
    dataset: 'bench',
    location: 'EU',
    maximumBytesBilled: Number.MAX_SAFE_INTEGER,
    apiEndpoint: server[distance].restUrl,
    storageEndpoint: server[distance].grpcUrl,
  })
}
