import { SOURCE_CONTRACT } from '../../src/extract/contract.ts'
import type { Analyser, Analysis, Catalog } from './analyser.ts'
import type { QueryParameterTypes } from './parameters.ts'
import { type Problem, problem, type Report } from './report.ts'
import type { Column } from './resolved.ts'

/** What a row may consist of (`QueryValue`): an instant comes as micros, a day as text, and nothing as a rounded float. */
const ROW_TYPES = new Set(['STRING', 'INT64', 'BOOL', 'NUMERIC'])

const MARKER = '{{source}}'

/** On one line, so that lines below it keep their numbers. A warehouse yields text for every column of the contract but the instant. */
const SOURCE = `SELECT ${SOURCE_CONTRACT.map(
  ({ name, type }) => `CAST(NULL AS ${type === 'timestamp' ? 'TIMESTAMP' : 'STRING'}) AS ${name}`,
).join(', ')}`

/**
 * Analyses a file of `sql/` with the source contract in place of `{{source}}`. Besides what the analyser says it is a problem when a
 * parameter is declared and not used, is documented with another type, or when a column comes in a type or under a name that a row
 * cannot have.
 */
export async function checkQuery(
  analyser: Analyser,
  catalog: Catalog,
  name: string,
  sql: string,
  parameters: QueryParameterTypes,
): Promise<Report> {
  const analysis = await analyser.analyseQuery(sql.replaceAll(MARKER, SOURCE), catalog, parameters)
  if (!analysis.accepted) return { name, columns: [], problems: [inFile(sql, analysis)] }
  const { columns } = analysis
  const problems = [
    ...unusedParameters(parameters, analysis.parameters),
    ...wrongComments(sql, parameters),
    ...wrongTypes(columns),
    ...uselessNames(columns),
  ]
  return { name, columns, problems }
}

type Refusal = Extract<Analysis, { accepted: false }>

/** The place in the file, where the marker is shorter than what was analysed instead. */
function inFile(sql: string, { message, line, column }: Refusal): Problem {
  const marker = line === null ? -1 : (sql.split('\n')[line - 1] ?? '').indexOf(MARKER)
  const isBehind = marker >= 0 && column !== null && column > marker + 1
  if (!isBehind) return { message, line, column }
  return { message, line, column: Math.max(marker + 1, column - SOURCE.length + MARKER.length) }
}

function unusedParameters(declared: QueryParameterTypes, used: ReadonlySet<string>): Problem[] {
  return Object.keys(declared)
    .filter((name) => !used.has(name))
    .map((name) => problem(`parameter @${name} is declared in parameters.ts and not used`))
}

/** `-- @settled_from, @settled_to TIMESTAMP: from here on`, which people read before they run the file. */
const DOCUMENTED = /((?:@\w+,? )+)([A-Z][A-Z0-9]+):/g

function wrongComments(sql: string, declared: QueryParameterTypes): Problem[] {
  return sql.split('\n').flatMap((text, index) => {
    if (!text.startsWith('--')) return []
    return [...text.matchAll(DOCUMENTED)].flatMap(([, names = '', type]) =>
      names
        .split(/[@, ]+/)
        .filter((name) => name !== '' && declared[name] !== type)
        .map((name) => ({
          message: `@${name} is documented as ${type} and declared as ${declared[name] ?? 'nothing'}`,
          line: index + 1,
          column: text.indexOf(`@${name}`) + 1,
        })),
    )
  })
}

function wrongTypes(columns: readonly Column[]): Problem[] {
  return columns
    .filter(({ type }) => !ROW_TYPES.has(type))
    .map(({ name, type }) =>
      problem(`column ${name} has type ${type}; rows hold ${[...ROW_TYPES].join(', ')} alone`),
    )
}

/** Rows are read by the names of their columns. */
function uselessNames(columns: readonly Column[]): Problem[] {
  const names = columns.map(({ name }) => name.toLowerCase())
  return columns.flatMap(({ name }, index) => {
    if (name === '' || name.startsWith('$')) return [problem(`column ${index + 1} has no name`)]
    const isTwin = names.indexOf(name.toLowerCase()) < index
    return isTwin ? [problem(`two columns have the name ${name}`)] : []
  })
}
