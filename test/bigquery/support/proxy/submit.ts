import { type DatasetName, datasetsOf } from './query-text.ts'
import type { Forward, RestRequest } from './rest-request.ts'

/** A query as both methods submit it: jobs.insert, which is answered with a job, and jobs.query, which waits for the rows. */
export interface Submit {
  request: RestRequest
  project: string
  isInsert: boolean
  isDryRun: boolean
  /** null when the server is to name the job. */
  jobId: string | null
  requestedLocation: string | null
  sql: string
  /** Infinite when the query sets none. */
  maximumBytesBilled: number
  defaultDataset: DatasetName | null
  configuration: unknown
}

/** null when the request submits something else than a query. */
export function readSubmit(request: RestRequest): Submit | null {
  const isInsert = request.path.split('?')[0]!.endsWith('/jobs')
  const body = request.json
  const query = isInsert ? body?.configuration?.query : body
  if (!query) return null
  const project = /\/projects\/([^/]+)/.exec(request.path)![1]!
  const { datasetId, projectId } = query.defaultDataset ?? {}
  return {
    request,
    project,
    isInsert,
    isDryRun: Boolean(isInsert ? body.configuration.dryRun : body.dryRun),
    jobId: isInsert ? (body.jobReference?.jobId ?? null) : null,
    requestedLocation: (isInsert ? body.jobReference?.location : body.location) ?? null,
    sql: query.query ?? '',
    maximumBytesBilled: Number(query.maximumBytesBilled ?? Number.POSITIVE_INFINITY),
    defaultDataset: datasetId ? { project: projectId ?? project, dataset: datasetId } : null,
    configuration: isInsert ? body.configuration : { query: { query: query.query } },
  }
}

export interface LocatedDataset extends DatasetName {
  location: string
}

/** The datasets that a query names and that are there, with where they are. */
export async function locateDatasets(submit: Submit, forward: Forward): Promise<LocatedDataset[]> {
  const names = datasetsOf(submit.sql, submit.project, submit.defaultDataset)
  const found = names.map(async ({ project, dataset }) => {
    const path = `/bigquery/v2/projects/${project}/datasets/${dataset}`
    const { headers } = submit.request
    const answer = await forward({
      method: 'GET',
      path,
      headers: { accept: headers.accept },
      body: Buffer.alloc(0),
    })
    if (answer.status !== 200) return []
    return [{ project, dataset, location: JSON.parse(answer.body.toString()).location as string }]
  })
  return (await Promise.all(found)).flat()
}
