import { bigqueryExpiry, bigqueryStatements } from '../../src/warehouse/ddl.ts'
import { TABLES } from '../../src/warehouse/schema.ts'
import type { Analyser, Catalog } from './analyser.ts'
import type { Report } from './report.ts'
import type { Column } from './resolved.ts'

/** A hyphen, for most names of projects have one. */
const DATASET = 'some-project.some_dataset'

/** Any number above 0: without an expiry, the same statements have an option less. */
const EXPIRE_DAYS = 400

type Statements = ReadonlyMap<string, readonly string[]>

/**
 * Analyses the DDL for BigQuery, statement by statement, and makes the catalog of what it creates: types come from the DDL itself, and
 * those of a view from its query, so that nothing here can say something else than the tables will.
 */
export async function createCatalog(
  analyser: Analyser,
  statements: Statements = ownStatements(),
): Promise<{ catalog: Catalog; reports: Report[] }> {
  let catalog: Catalog = []
  const reports: Report[] = []
  for (const [name, texts] of statements) {
    const report: Report = { name: `DDL of ${name}`, columns: [], problems: [] }
    reports.push(report)
    for (const text of texts) {
      const analysis = await analyser.analyseDdl(text, catalog)
      if (!analysis.accepted) report.problems.push(analysis)
      else if (analysis.columns.length > 0) {
        report.columns = analysis.columns
        catalog = [...catalog, ...tables(name, analysis.columns)]
      }
    }
  }
  return { catalog, reports }
}

/** What `init` runs: it makes tables and views, and later sets another expiry, or none. */
function ownStatements(): Statements {
  const statements = bigqueryStatements(DATASET, EXPIRE_DAYS)
  for (const table of TABLES) {
    const changes = [EXPIRE_DAYS, 0].map((days) => bigqueryExpiry(DATASET, table, days))
    statements.set(table.name, [...(statements.get(table.name) ?? []), ...changes])
  }
  return statements
}

/** Under the name that queries use, found in the default dataset; and in full, as views have it. */
function tables(name: string, columns: Column[]): Catalog {
  const column = columns.map(({ name: columnName, resolvedType }) => ({
    name: columnName,
    type: resolvedType,
  }))
  return [name, `${DATASET}.${name}`].map((nameInCatalog) => ({ name, nameInCatalog, column }))
}
