import { createServer, type Server } from 'node:http'
import { REST_SCHEMA, restRows } from './encode.ts'
import { templates } from './template.ts'

/** Jobs that are done at once, and pages of their rows with answers that are prepared. */
export function createRestServer(totalRows: number): Server {
  const pages = templates(restRows)

  function page(asked: URLSearchParams): Buffer {
    const firstRow = Number(asked.get('pageToken') ?? 0)
    const endRow = Math.min(totalRows, firstRow + Number(asked.get('maxResults')))
    const about = {
      jobComplete: true,
      totalRows: String(totalRows),
      schema: REST_SCHEMA,
      ...(endRow < totalRows ? { pageToken: String(endRow) } : {}),
    }
    const head = Buffer.from(`${JSON.stringify(about).slice(0, -1)},"rows":`)
    return Buffer.concat([head, pages(endRow - firstRow).startingAt(firstRow), Buffer.from('}')])
  }

  function answer({ pathname, searchParams }: URL): Buffer {
    const [project, resource, jobId] = pathname.replace('/bigquery/v2/projects/', '').split('/')
    return resource === 'queries' ? page(searchParams) : Buffer.from(JSON.stringify(job(project!, jobId)))
  }

  return createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end(answer(new URL(request.url!, 'http://localhost')))
    })
  })
}

function job(projectId: string, jobId: string | undefined) {
  const destinationTable = { projectId, datasetId: 'results', tableId: 'rows' }
  return {
    jobReference: { projectId, jobId, location: 'EU' },
    status: { state: 'DONE' },
    // Without a table behind its rows a query is read by pages.
    configuration: { query: projectId === 'pages' ? {} : { destinationTable } },
  }
}
