import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Analyser } from './analyser.ts'
import { createCatalog } from './catalog.ts'
import { checkFunctions } from './check-functions.ts'
import { checkQuery } from './check-query.ts'
import { QUERY_PARAMETERS } from './parameters.ts'
import { problem, type Report, reportLines } from './report.ts'

const SQL_FOLDER = fileURLToPath(new URL('../../sql', import.meta.url))

/** Checks the DDL for BigQuery, every file of `folder`, and the functions of the portable subset. */
export async function checkSql(analyser: Analyser, folder: string = SQL_FOLDER): Promise<Report[]> {
  const { catalog, reports } = await createCatalog(analyser)
  const files = sqlFiles(folder)
  for (const file of files) {
    const sql = readFileSync(path.join(folder, file), 'utf8')
    reports.push(await checkQuery(analyser, catalog, `sql/${file}`, sql, QUERY_PARAMETERS[file] ?? {}))
  }
  const missing = Object.keys(QUERY_PARAMETERS).filter((file) => !files.includes(file))
  const gone = missing.map((file) => ({
    name: `sql/${file}`,
    columns: [],
    problems: [problem('parameters.ts declares its parameters, and there is no such file')],
  }))
  return [...reports, ...gone, await checkFunctions(analyser)]
}

/** With forward slashes, wherever it runs. */
function sqlFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    name.replaceAll(path.sep, '/'),
  )
  return names.filter((name) => name.endsWith('.sql')).sort()
}

/** `node check-sql.ts [--columns] [FOLDER]`: a line for each file and statement; exits 1 when one of them has a problem. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { columns: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const analyser = await Analyser.start()
  try {
    const reports = await checkSql(analyser, positionals[0])
    const problemCount = reports.flatMap(({ problems }) => problems).length
    const lines = reports.flatMap((report) => reportLines(report, values.columns))
    const summary =
      problemCount === 0 ? 'The GoogleSQL analyser accepts all of it.' : `Problems: ${problemCount}`
    process.stdout.write(`${[...lines, summary].join('\n')}\n`)
    process.exitCode = problemCount === 0 ? 0 : 1
  } finally {
    analyser.stop()
  }
}

if (import.meta.main) await main()
