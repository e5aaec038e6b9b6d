import { type Column, TABLES, type Table } from './schema.ts'

/**
 * Columns that a table of an earlier version lacks and that can be added to it: those that may be NULL, for the rows that are there have
 * no value for them. None where a required one is missing, too: no version has made a table without those, so it is somebody else's.
 *
 * @param present the columns that the table has.
 */
export function columnsToAdd(table: Table, present: readonly string[]): Column[] {
  const missing = table.columns.filter(({ name }) => !present.includes(name))
  return missing.some(({ required }) => required) ? [] : missing
}

const ADDABLE: ReadonlySet<string> = new Set(
  TABLES.flatMap(({ name, columns }) =>
    columns.flatMap((column) => (column.required ? [] : `${name}.${column.name}`)),
  ),
)

/** Of what `missingTables` has named, the columns that `createTables` cannot add: required ones, and those of a wrong type. */
export function notAddable(missing: readonly string[]): string[] {
  return missing.filter((name) => name.includes('.') && !ADDABLE.has(name))
}
