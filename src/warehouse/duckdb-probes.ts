import { mkdtemp, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { TerminalError } from '../domain/errors.ts'
import { readRows } from './read-rows.ts'
import { requireTables } from './require-tables.ts'
import { TABLES, VIEWS } from './schema.ts'
import type { Probe, Warehouse } from './warehouse.ts'

/** What a run needs of a DuckDB file that has been opened for writing, which DuckDB lets one process do at a time. */
export function duckdbProbes(
  file: string,
  warehouse: Pick<Warehouse, 'name' | 'missingTables' | 'query'>,
): Probe[] {
  const plain = { permission: null, neededFor: null, without: null }
  return [
    { ...plain, name: 'warehouse folder', needs: [], attempt: () => writeBeside(file) },
    {
      ...plain,
      name: 'tables',
      needs: [],
      neededFor: 'sample',
      async attempt() {
        await requireTables(warehouse)
        return `${[...TABLES, ...VIEWS].map(({ name }) => name).join(', ')}, with all columns`
      },
    },
    {
      ...plain,
      name: 'audit table',
      needs: ['tables'],
      neededFor: 'sample',
      async attempt() {
        const [row] = await readRows(warehouse, 'audit-size.sql')
        return `rows in s2s_audit: ${row?.audit_rows}`
      },
    },
  ]
}

/** DuckDB keeps its log, and what does not fit into memory, in files beside the one that it has open. */
async function writeBeside(file: string): Promise<string> {
  const folder = path.dirname(file)
  try {
    await rmdir(await mkdtemp(path.join(folder, '.adjust-s2s-doctor-')))
  } catch (cause) {
    throw new TerminalError(`nothing can be written beside ${file}: ${(cause as Error).message}`, {
      cause,
      hint: `DuckDB writes its log beside the file: let this user write to ${folder}.`,
    })
  }
  return `${folder} can be written`
}
