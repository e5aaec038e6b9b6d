import { type Column, type ColumnType, TABLES, type Table, VIEWS, type View } from './schema.ts'
import { translate } from './translate.ts'

/** NUMERIC of BigQuery: 29 digits before the point and 9 after it, so that revenue up to 1e11 keeps every digit. */
const DUCKDB_TYPES: Record<ColumnType, string> = {
  string: 'VARCHAR',
  int64: 'BIGINT',
  numeric: 'DECIMAL(38,9)',
  bool: 'BOOLEAN',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  'string[]': 'VARCHAR[]',
}

const BIGQUERY_TYPES: Record<ColumnType, string> = {
  string: 'STRING',
  int64: 'INT64',
  numeric: 'NUMERIC',
  bool: 'BOOL',
  timestamp: 'TIMESTAMP',
  'string[]': 'ARRAY<STRING>',
}

type Statements = [name: string, statements: string[]]

/** DuckDB's statements for each table and view, by its name, in the order in which they must run. */
export function duckdbStatements(): Map<string, string[]> {
  return new Map<string, string[]>([
    ...TABLES.map((table): Statements => [table.name, duckdbTable(table)]),
    ...VIEWS.map((view): Statements => [view.name, [duckdbView(view)]]),
  ])
}

/** All of them, in order. */
export function duckdbDdl(): string[] {
  return [...duckdbStatements().values()].flat()
}

function duckdbTable(table: Table): string[] {
  const columns = table.columns.map((column) => `  "${column.name}" ${duckdbColumn(column)}`)
  const comments = table.columns.map((column) => duckdbComment(table, column))
  return [`CREATE TABLE IF NOT EXISTS ${table.name} (\n${columns.join(',\n')}\n)`, ...comments]
}

/** Adds a column that an earlier version's table lacks. */
export function duckdbAddColumn(table: Table, column: Column): string[] {
  return [
    `ALTER TABLE ${table.name} ADD COLUMN IF NOT EXISTS "${column.name}" ${duckdbColumn(column)}`,
    duckdbComment(table, column),
  ]
}

function duckdbComment(table: Table, column: Column): string {
  return `COMMENT ON COLUMN ${table.name}."${column.name}" IS ${literal(column.description)}`
}

function duckdbColumn(column: Column): string {
  return DUCKDB_TYPES[column.type] + (column.required ? ' NOT NULL' : '')
}

function duckdbView(view: View): string {
  return `CREATE OR REPLACE VIEW ${view.name} AS\n${translate(view.query, `view ${view.name}`)}`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * The same for BigQuery, in the dataset `project.dataset`; a view names its tables in full. Partitions go after `expireDays`, 0 keeps
 * them.
 */
export function bigqueryStatements(dataset: string, expireDays = 0): Map<string, string[]> {
  return new Map<string, string[]>([
    ...TABLES.map(
      (table): Statements => [
        table.name,
        [bigqueryTable(dataset, table), bigqueryExpiry(dataset, table, expireDays)],
      ],
    ),
    ...VIEWS.map((view): Statements => [view.name, [bigqueryView(dataset, view)]]),
  ])
}

export function bigqueryDdl(dataset: string, expireDays = 0): string[] {
  return [...bigqueryStatements(dataset, expireDays).values()].flat()
}

/** How long a table and its partitions are kept. A dataset's own defaults would otherwise take audit rows away, and their events go out again. */
export function bigqueryExpiry(dataset: string, table: Table, expireDays: number): string {
  const days = expireDays === 0 ? 'NULL' : String(expireDays)
  const partitions = table.partitionBy ? `, partition_expiration_days = ${days}` : ''
  return `ALTER TABLE \`${dataset}.${table.name}\` SET OPTIONS (expiration_timestamp = NULL${partitions})`
}

function bigqueryTable(dataset: string, table: Table): string {
  const columns = table.columns.map((column) => `  \`${column.name}\` ${bigqueryColumn(column)}`)
  return [
    `CREATE TABLE IF NOT EXISTS \`${dataset}.${table.name}\` (\n${columns.join(',\n')}\n)`,
    ...(table.partitionBy ? [`PARTITION BY DATE(${table.partitionBy})`] : []),
    ...(table.clusterBy ? [`CLUSTER BY ${table.clusterBy.join(', ')}`] : []),
    `OPTIONS (description = ${JSON.stringify(table.description)})`,
  ].join('\n')
}

/** The same for BigQuery. */
export function bigqueryAddColumn(dataset: string, table: Table, column: Column): string {
  return `ALTER TABLE \`${dataset}.${table.name}\` ADD COLUMN IF NOT EXISTS \`${column.name}\` ${bigqueryColumn(column)}`
}

/** GoogleSQL's name of a column's type. */
export function bigqueryType(column: Pick<Column, 'type'>): string {
  return BIGQUERY_TYPES[column.type]
}

function bigqueryColumn(column: Column): string {
  const type = bigqueryType(column) + (column.required ? ' NOT NULL' : '')
  return `${type} OPTIONS (description = ${JSON.stringify(column.description)})`
}

function bigqueryView(dataset: string, view: View): string {
  return `CREATE OR REPLACE VIEW \`${dataset}.${view.name}\`\nOPTIONS (description = ${JSON.stringify(view.description)}) AS\n${bigqueryViewQuery(dataset, view)}`
}

/** What the view selects, its tables named in full. */
export function bigqueryViewQuery(dataset: string, view: View): string {
  const tables = new RegExp(`\\b(${TABLES.map((table) => table.name).join('|')})\\b`, 'g')
  return view.query.replace(tables, (name) => `\`${dataset}.${name}\``)
}
