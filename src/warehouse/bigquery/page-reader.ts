import { TransientError } from '../../domain/errors.ts'
import type { ResultBatch } from '../warehouse.ts'
import type { FinishedJob, QueryJobs } from './jobs.ts'
import type { ResultPage } from './rest-types.ts'
import { type CellReader, cellReader } from './values.ts'

/** As many as fit into the 10 MB of an answer with rows of a kilobyte; BigQuery itself gives fewer when they are larger. */
const PAGE_ROWS = 10_000

type Rows = { f: { v: string | null }[] }[]

/**
 * Reads the rows of a finished query over the REST API, page by page in the query's order. The next page is asked for while this one
 * is worked on. A page that fails is read again from where it stopped, and the count proves that all rows came. `fromRow` goes on where another
 * reader stopped.
 */
export async function* readPages(
  jobs: QueryJobs,
  job: FinishedJob,
  signal?: AbortSignal,
  fromRow = 0,
): AsyncIterable<ResultBatch> {
  const totalRows = Number(job.firstPage.totalRows ?? 0)
  const readers = (job.firstPage.schema?.fields ?? []).map((field) => ({
    name: field.name ?? '',
    read: cellReader(field),
  }))
  const options = { maxRows: PAGE_ROWS, signal }
  let rows = fromRow
  let page: ResultPage | undefined =
    fromRow === 0 ? job.firstPage : await jobs.page(job.jobId, null, fromRow, options)
  while (page) {
    const pageRows = (page.rows ?? []) as Rows
    rows += pageRows.length
    const next: Promise<ResultPage> | undefined = page.pageToken
      ? jobs.page(job.jobId, page.pageToken, rows, options)
      : undefined
    // Whoever leaves early does not wait for it, and its failure is then nobody's.
    next?.catch(() => {})
    if (pageRows.length > 0)
      yield { rowCount: pageRows.length, totalRows, columns: columnsOf(pageRows, readers) }
    page = await next
  }
  if (rows !== totalRows) throw missingRows(rows, totalRows)
}

function columnsOf(rows: Rows, readers: { name: string; read: CellReader }[]): ResultBatch['columns'] {
  return Object.fromEntries(
    readers.map(({ name, read }, column) => [
      name,
      rows.map(({ f }) => {
        const cell = f[column]?.v ?? null
        return cell === null ? null : read(cell)
      }),
    ]),
  )
}

export function missingRows(rows: number, expectedRows: number): TransientError {
  return new TransientError(`BigQuery gave ${rows} of ${expectedRows} rows and then stopped`, {
    hint: 'Nothing is lost: run again.',
  })
}
