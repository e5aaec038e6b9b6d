import { TerminalError } from '../domain/errors.ts'
import { notAddable } from './older-tables.ts'
import type { Warehouse } from './warehouse.ts'

/** Throws a TerminalError that names what `init` has not made yet, or what somebody has made otherwise. */
export async function requireTables(warehouse: Pick<Warehouse, 'name' | 'missingTables'>): Promise<void> {
  const missing = await warehouse.missingTables()
  if (missing.length === 0) return
  const isColumn = notAddable(missing).length > 0
  throw new TerminalError(`${warehouse.name} lacks ${missing.join(', ')}.`, {
    hint: isColumn
      ? 'A table of that name was made by something else: compare it with `adjust-s2s init --print`, or rename it.'
      : 'adjust-s2s init creates what is missing, and adds the columns that an older version did not know.',
  })
}
