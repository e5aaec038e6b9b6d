import { FUNCTIONS } from '../../src/warehouse/portable-sql.ts'
import type { Analyser } from './analyser.ts'
import { problem, type Report } from './report.ts'

/** Looks like a call and is none: the analyser has no function of that name. */
const SYNTAX = new Set(['UNNEST'])

/** Whether BigQuery has every function of the portable subset, with each of the counts of arguments that the subset allows. */
export async function checkFunctions(
  analyser: Analyser,
  functions: Readonly<Record<string, { arguments: readonly number[] }>> = FUNCTIONS,
): Promise<Report> {
  const known = await analyser.functions()
  const problems = Object.entries(functions)
    .filter(([name]) => !SYNTAX.has(name))
    .flatMap(([name, { arguments: counts }]) => {
      const signatures = known.get(name)
      if (!signatures) return [problem(`Function not found: ${name}`)]
      return counts
        .filter((count) => !signatures.some(({ atLeast, atMost }) => count >= atLeast && count <= atMost))
        .map((count) => problem(`No signature of function ${name} takes ${count} arguments`))
    })
  return { name: 'functions of the portable subset', columns: [], problems }
}
