import { type Column, TABLES, VIEWS } from '../../../../src/warehouse/schema.ts'

/** Queries that read this program's tables and views as they are, in no order: what was appended is there, and the views agree. */
export function storedRowQueries(): Record<string, string> {
  const [audit] = TABLES
  const tables = TABLES.map(({ name, columns }) => [name, select(name, columns)])
  const views = VIEWS.map(({ name }) => [name, select(name, audit!.columns)])
  const lists = audit!.columns
    .filter(({ type }) => type === 'string[]')
    .map(({ name }) => [`s2s_audit.${name}`, elements(name)])
  return Object.fromEntries([...tables, ...views, ...lists])
}

/** No query may return an instant or a list. */
function select(table: string, columns: readonly Column[]): string {
  const items = columns
    .filter(({ type }) => type !== 'string[]')
    .map(({ name, type }) => (type === 'timestamp' ? `UNIX_MICROS(${name}) AS ${name}_micros` : name))
  return `SELECT ${items.join(', ')} FROM ${table}`
}

function elements(column: string): string {
  return `SELECT audit_id, element FROM s2s_audit CROSS JOIN UNNEST(${column}) AS element`
}
