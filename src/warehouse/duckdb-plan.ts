import { type QueryStep, querySteps, textOf } from './steps.ts'
import { closingBracket, depthChange, type Token } from './tokens.ts'
import { translate } from './translate.ts'

/** How DuckDB runs a query of `sql/`, in its own SQL. */
export interface DuckdbPlan {
  /** Run first, one after the other: they fill temporary tables. */
  preparations: string[]
  /** Gives the result's rows. */
  result: string
}

/** Throws a `TerminalError` where `translate` does. */
export function duckdbPlan(sql: string, file = 'query'): DuckdbPlan {
  // Translated as a whole first, for a message names the line of the file.
  translate(sql, file)
  const steps = querySteps(sql, file)
  const last = steps.at(-1)!.code
  return {
    preparations: steps.slice(0, -1).flatMap((step) => fillTable(step, file)),
    result: translate(textOf(last), file),
  }
}

function fillTable({ table, code }: QueryStep, file: string): string[] {
  const numbering = numberingIn(code)
  if (!numbering) return [`CREATE TEMP TABLE ${table} AS ${translate(textOf(code), file)}`]
  const { begin, over, key, name, rows } = numbering
  const number = translate(`SELECT ROW_NUMBER() OVER ${textOf(over)}`, file)
  const again = `${number} AS place, rowid AS row FROM ${table}
    WHERE ${key} IS NULL OR ${key} IN (SELECT ${key} FROM ${table} GROUP BY ${key} HAVING count(*) > 1)`
  return [
    `CREATE TEMP TABLE ${table} AS ${translate(`${textOf(begin)} SELECT *, 1 AS ${name} FROM ${rows}`, file)}`,
    `UPDATE ${table} SET ${name} = again.place FROM (${again}) AS again WHERE ${table}.rowid = again.row AND again.place > 1`,
  ]
}

interface Numbering {
  begin: Token[]
  over: Token[]
  key: string
  name: string
  rows: string
}

/**
 * `SELECT *, ROW_NUMBER() OVER (PARTITION BY key ORDER BY …) AS name FROM rows`, at the end of a step. Hardly a key comes twice, and
 * DuckDB would carry whole rows through the sort: so every row is the first, and those that share a key are numbered afterwards.
 */
function numberingIn(code: Token[]): Numbering | null {
  const begin = topLevel(code, 'SELECT')
  const open = begin + 7
  const close = closingBracket(code, open)
  const [as, name, from, rows, end] = code.slice(close + 1)
  const shape = [...code.slice(begin, open + 3), code[open + 4], as, from]
    .map((token) => token?.text)
    .join(' ')
  const isNumbering = shape === 'SELECT * , ROW_NUMBER ( ) OVER ( PARTITION BY ORDER AS FROM' && !end
  if (!isNumbering || !name || !rows) return null
  return {
    begin: code.slice(0, begin),
    over: code.slice(open, close + 1),
    key: code[open + 3]!.text,
    name: name.text,
    rows: rows.text,
  }
}

/** Where a word stands outside of all brackets; -1 where it does not. */
function topLevel(code: Token[], word: string): number {
  let depth = 0
  return code.findIndex((token) => {
    depth += depthChange(token)
    return depth === 0 && token.text === word
  })
}
