import { isUse, type QueryStep, querySteps, textOf } from './steps.ts'
import { closingBracket, depthChange, type Token } from './tokens.ts'
import { translate } from './translate.ts'

/** How DuckDB runs a query of `sql/`, in its own SQL. */
export interface DuckdbPlan {
  /** Run first, one after the other: they fill temporary tables. */
  preparations: string[]
  /** Gives the result's rows. */
  result: string
  /** A shorter way to them; null where there is none. */
  inOrder: InOrder | null
}

/**
 * DuckDB sorts wide rows slowly, and most tables are written in the order of time. `check` answers one row: how many rows the
 * result has, and whether they stand in its order already and the table that they are joined with is empty. Then `result` reads
 * them as they stand.
 */
export interface InOrder {
  check: string
  result: string
}

/** Throws a `TerminalError` where `translate` does. */
export function duckdbPlan(sql: string, file = 'query'): DuckdbPlan {
  // Translated as a whole first, for a message names the line of the file.
  translate(sql, file)
  const steps = querySteps(sql, file)
  const last = steps.at(-1)!.code
  const tables = new Set(steps.map(({ table }) => table))
  return {
    preparations: steps.slice(0, -1).flatMap((step) => fillTable(step, file)),
    result: translate(textOf(last), file),
    inOrder: inOrder(last, tables, file),
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

/** Of a result that ends with `FROM rows LEFT JOIN other ON … ORDER BY columns LIMIT @limit`, and reads what nobody else can change. */
function inOrder(code: Token[], tables: ReadonlySet<string | null>, file: string): InOrder | null {
  const [select, from, order] = ['SELECT', 'FROM', 'ORDER'].map((word) => topLevel(code, word))
  const [rows, left, join, other] = code.slice(from! + 1, from! + 5).map(({ text }) => text)
  const [limit, limitValue] = code.slice(-2)
  const columns = textOf(code.slice(order! + 2, -2))
  const isKnown =
    left === 'LEFT' && join === 'JOIN' && limit?.text === 'LIMIT' && /^\w+( , \w+)*$/.test(columns)
  const used = code.filter((_, index) => isUse(code[index - 1])).map(({ text }) => text)
  const isOurs = used.every((name) => tables.has(name) || name === rows)
  // With a filter there is one more: the table that it takes its rows from.
  if (order === -1 || !isKnown || !isOurs || used.length !== (select === 0 ? 2 : 3)) return null
  const [named, list] = [textOf(code.slice(0, select)), textOf(code.slice(select, from))]
  const max = translate(textOf([limitValue!]), file)
  const key = `create_sort_key(${columns.replaceAll(/\w+/g, (column) => `${column}, 'ASC NULLS FIRST'`)})`
  return {
    check: `${translate(named, file)} SELECT least(count(*), ${max}) AS row_count,
      coalesce(bool_and(key >= key_before), TRUE) AND NOT EXISTS (SELECT 1 FROM ${other}) AS is_in_order
      FROM (SELECT key, lag(key) OVER () AS key_before FROM (SELECT ${key} AS key FROM ${rows}))`,
    // Rows keep their order in a positional join, and get NULLs from an empty table.
    result: `${translate(`${named} ${list}`, file)} FROM ${rows} POSITIONAL JOIN ${other} LIMIT ${max}`,
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
