import { TerminalError } from '../domain/errors.ts'

/** The packages are resolved when they are imported, by Node or by DuckDB's own loader for the binary of this machine. */
const NOT_FOUND = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

/**
 * What `load` imports, which needs DuckDB.
 *
 * @throws TerminalError where DuckDB is not installed: the image for Kubernetes is without it, for BigQuery needs none of its 70 MB.
 */
export async function loadDuckdb<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    throw new TerminalError(
      'This installation has no DuckDB: the npm package @duckdb/node-api is not there, or lacks its binary.',
      {
        cause,
        hint:
          'The image for BigQuery is built without it; `docker build --target demo` makes one that has it. Elsewhere run `npm ci` ' +
          'without --omit=optional. For BigQuery, set warehouse.type: bigquery.',
      },
    )
  }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    NOT_FOUND.includes(String((error as NodeJS.ErrnoException).code)) &&
    error.message.includes('@duckdb/')
  )
}
