import { TerminalError } from '../../domain/errors.ts'
import type { StatementKind } from '../portable-sql.ts'
import { readQuery } from '../queries.ts'
import { requireTables } from '../require-tables.ts'
import { TABLES, VIEWS } from '../schema.ts'
import type { Probe, QueryOptions } from '../warehouse.ts'
import type { BigqueryApi } from './api.ts'
import { type ApiFailure, explainFailure } from './failures.ts'
import type { FinishedJob } from './jobs.ts'
import type { RetryOptions } from './retries.ts'
import type { StorageClients } from './storage.ts'
import type { BigqueryTables } from './tables.ts'

export interface ProbedParts {
  project: string
  dataset: string
  location: string
  api: BigqueryApi
  storage: StorageClients
  tables: BigqueryTables
  retry: RetryOptions
  dryRun: (sql: string) => Promise<unknown>
  run: (
    sql: string,
    options?: Pick<QueryOptions, 'name' | 'parameters'>,
    kind?: StatementKind,
  ) => Promise<FinishedJob>
}

/** Reads no table, so it costs nothing. */
const SMALLEST_QUERY = 'SELECT 1 AS one'

/** No run has this name, so releasing its lease changes no row. */
const NO_RUN = 'adjust-s2s doctor'

/** Each permission that a run needs, by the smallest thing that takes it: https://cloud.google.com/bigquery/docs/access-control */
export function bigqueryProbes(parts: ProbedParts): Probe[] {
  const { project, dataset } = parts
  const probes: Probe[] = [
    {
      name: 'credentials',
      permission: null,
      needs: [],
      neededFor: 'contract',
      without: null,
      attempt: () => seeCredentials(parts),
    },
    {
      name: 'queries',
      permission: 'bigquery.jobs.create',
      needs: ['credentials'],
      neededFor: 'contract',
      without: null,
      attempt: () => runSmallest(parts),
    },
    {
      name: 'dataset',
      permission: 'bigquery.datasets.get',
      needs: ['credentials'],
      neededFor: 'contract',
      without: null,
      attempt: () => seeDataset(parts),
    },
    {
      name: 'tables',
      permission: 'bigquery.tables.get',
      needs: ['dataset'],
      neededFor: 'sample',
      without: null,
      attempt: () => seeTables(parts),
    },
    {
      name: 'audit table',
      permission: 'bigquery.tables.getData',
      needs: ['queries', 'tables'],
      neededFor: 'sample',
      without: null,
      attempt: () => readAudit(parts),
    },
    {
      name: 'Storage Read API',
      permission: 'bigquery.readsessions.create, bigquery.readsessions.getData',
      needs: ['queries'],
      neededFor: null,
      without: 'A run then reads over the REST API, which takes about five times as long.',
      attempt: () => readArrowOnce(parts),
    },
    {
      name: 'Storage Write API',
      permission: 'bigquery.tables.updateData',
      needs: ['tables'],
      neededFor: null,
      without: null,
      attempt: () => openPendingStream(parts),
    },
    {
      name: 'lease',
      permission: 'bigquery.tables.updateData',
      needs: ['queries', 'tables'],
      neededFor: null,
      without: null,
      attempt: () => changeNoLease(parts),
    },
  ]
  return probes.map((probe) => ({
    ...probe,
    attempt: () =>
      probe.attempt().catch((error: unknown) => {
        throw explainFailure(error, { project, dataset, permission: probe.permission })
      }),
  }))
}

/** Whether Google takes them. What the account may not do, and whether there is such a project, the later probes say. */
async function seeCredentials({ api }: ProbedParts): Promise<string> {
  const account = await api.account()
  await api.call({ uri: '/datasets', qs: { maxResults: 1 } }).catch((error: ApiFailure) => {
    if (![400, 403, 404].includes(Number(error.code))) throw error
  })
  return `those of ${account}`
}

async function runSmallest({ project, location, dryRun, run }: ProbedParts): Promise<string> {
  await dryRun(SMALLEST_QUERY)
  await run(SMALLEST_QUERY)
  return `project ${project} runs queries in ${location}`
}

async function seeDataset({ project, dataset, location, tables }: ProbedParts): Promise<string> {
  if (await tables.datasetExists()) return `${project}.${dataset} is in ${location}`
  throw new TerminalError(`dataset ${project}.${dataset} does not exist`, {
    hint: 'Correct warehouse.project or warehouse.dataset, or create it with `adjust-s2s init`.',
  })
}

async function seeTables({ project, dataset, tables }: ProbedParts): Promise<string> {
  await requireTables({ name: `${project}.${dataset}`, missingTables: () => tables.missing() })
  return `${[...TABLES, ...VIEWS].map(({ name }) => name).join(', ')}, with all columns`
}

async function readAudit({ run }: ProbedParts): Promise<string> {
  const { firstPage } = await run(readQuery('audit-size.sql'), { name: 'sql/audit-size.sql' })
  const [row] = (firstPage.rows ?? []) as { f: { v: string }[] }[]
  return `rows in s2s_audit: ${row?.f[0]?.v}`
}

async function readArrowOnce({ project, storage, retry, run }: ProbedParts): Promise<string> {
  const { openReadStream, readArrow } = await import('./arrow-reader.ts')
  const { destination } = await run(SMALLEST_QUERY)
  if (!destination) throw new Error('a finished query names no destination table')
  const client = await storage.reader()
  const stream = await openReadStream(client, project, destination, retry)
  let rows = 0
  for await (const { rowCount } of readArrow(client, stream, 1, { firstRetry: retry, retry }))
    rows += rowCount
  return `${rows} row read as Arrow`
}

/** Rows of a pending stream show when it is committed, which nobody does. */
async function openPendingStream({ project, dataset, storage }: ProbedParts): Promise<string> {
  const client = await storage.writer()
  const destinationTable = `projects/${project}/datasets/${dataset}/tables/s2s_audit`
  // Asked once: what passes by itself is for the person who looks on.
  await client.createWriteStream({ streamType: 'PENDING', destinationTable }, { retry: null })
  return 'a stream to s2s_audit was opened; nothing was written'
}

async function changeNoLease({ run }: ProbedParts): Promise<string> {
  const parameters = { shard: NO_RUN, holder: NO_RUN, epoch: -1, now: { timestampMicros: 0 } }
  const name = 'lease-release.sql'
  const { changedRows } = await run(readQuery(name), { name: `sql/${name}`, parameters }, 'change')
  if (changedRows > 0) throw new Error(`the lease of ${NO_RUN} changed ${changedRows} rows`)
  return 'an UPDATE of s2s_lease was taken; it changed no row'
}
