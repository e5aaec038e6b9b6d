import { randomUUID } from 'node:crypto'
import type { KnownJob } from './job-ledger.ts'
import { isSelect } from './query-text.ts'
import type { Forward, RestRequest } from './rest-request.ts'

export interface Table {
  projectId: string
  datasetId: string
  tableId: string
}

/**
 * BigQuery keeps the rows of every query in an anonymous table, which the Storage Read API reads like any other: cached-results and
 * reference/storage. The emulator names such a table and makes none; so the query's rows are put into one of its dataset, when
 * somebody asks for the job. null for what is no query in a dataset.
 */
export async function makeAnonymousTable(
  job: KnownJob,
  request: RestRequest,
  forward: Forward,
): Promise<Table | null> {
  // biome-ignore lint/suspicious/noExplicitAny: a job's configuration, of which a few fields matter.
  const { query } = job.configuration as any
  if (job.jobId === null || !query?.defaultDataset || !isSelect(query.query)) return null
  const { projectId, datasetId } = query.defaultDataset
  const tableId = `anon_${job.jobId.replace(/\W/g, '_')}`
  const create = `CREATE TABLE IF NOT EXISTS \`${projectId}.${datasetId}.${tableId}\` AS ${query.query}`
  const body = Buffer.from(
    JSON.stringify({
      jobReference: { projectId, jobId: randomUUID(), location: job.location },
      configuration: { query: { ...query, query: create } },
    }),
  )
  const headers = { ...request.headers, 'content-type': 'application/json' }
  const path = `/bigquery/v2/projects/${projectId}/jobs`
  const { status } = await forward({ method: 'POST', path, headers, body })
  return status === 200 ? { projectId, datasetId, tableId } : null
}
