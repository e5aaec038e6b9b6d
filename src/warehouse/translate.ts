import { checkPortable, FUNCTIONS, isName, PRINTS_ALIKE, type StatementKind, TYPES } from './portable-sql.ts'
import { closingBracket, depthChange, notPortable, type Token, tokenise } from './tokens.ts'

/**
 * Rewrites a query of `sql/` from GoogleSQL to DuckDB's SQL. `{{source}}` stays: the warehouse puts the user's own text there.
 *
 * Whatever is not known to mean the same in both is refused with a `TerminalError` naming `file` and line: operators outside the
 * list (`/` divides differently), decimal literals (FLOAT64 there, DECIMAL here), escapes, functions, keywords.
 */
export function translate(sql: string, file = 'query'): string {
  return translateAs('query', sql, file)
}

/** The same for a statement that changes rows, an UPDATE or an INSERT. Anything else is refused. */
export function translateChange(statement: string, file = 'statement'): string {
  return translateAs('change', statement, file)
}

function translateAs(kind: StatementKind, sql: string, file: string): string {
  const tokens = tokenise(sql, file)
  const code = tokens.filter((token) => token.kind !== 'gap')
  checkPortable(code, file, kind)
  const edits: Edits = { replaced: new Map(), appended: new Map() }
  for (const [index, token] of code.entries()) rewrite(code, index, token, edits, file)
  return tokens
    .map((token) => (edits.replaced.get(token) ?? translateToken(token)) + (edits.appended.get(token) ?? ''))
    .join('')
}

interface Edits {
  replaced: Map<Token, string>
  appended: Map<Token, string>
}

function translateToken(token: Token): string {
  // Comments go, so that what looks like a marker or a parameter in one is nobody's business.
  if (token.kind === 'gap') return token.text.includes('\n') ? '\n' : ' '
  if (token.kind === 'parameter') return `$${token.text.slice(1)}`
  if (token.kind === 'quoted') return `"${token.text.slice(1, -1)}"`
  return token.text
}

function rewrite(code: Token[], index: number, token: Token, edits: Edits, file: string): void {
  if (token.kind !== 'word') return
  if (token.text === 'CAST') rewriteCast(code, index, edits, file)
  if (token.text === 'ORDER') placeNulls(code, index + 2, edits)
  const rule = code[index + 1]?.text === '(' ? FUNCTIONS[token.text] : undefined
  if (!rule) return
  edits.replaced.set(token, rule.duckdb)
  const close = closingBracket(code, index + 1)
  if (rule.furtherArguments) edits.replaced.set(code[close]!, `, ${rule.furtherArguments})`)
  if (token.text === 'UNNEST') nameElements(code, index, edits, file)
  if (token.text === 'TRIM') spareTrim(code, index, edits)
}

/**
 * DuckDB reads the set of characters anew for every text that it trims. Hardly any text needs it: one that begins and ends with a
 * visible ASCII character stays as it is.
 */
function spareTrim(code: Token[], index: number, edits: Edits): void {
  const [name, close] = [code[index + 2], code[index + 3]]
  if (!isName(name) || close?.text !== ')') return
  const text = translateToken(name)
  const visible = `${text} >= '!' AND ${text} < chr(127) AND ${text}[-1] BETWEEN '!' AND '~'`
  edits.replaced.set(
    code[index]!,
    `CASE WHEN ${visible} THEN ${text} ELSE ${edits.replaced.get(code[index]!)}`,
  )
  edits.appended.set(close, ' END')
}

function rewriteCast(code: Token[], index: number, edits: Edits, file: string): void {
  const close = closingBracket(code, index + 1)
  const type = code[close - 1]!
  if (code[close - 2]?.text !== 'AS' || !(type.text in TYPES))
    throw notPortable('CAST to an unknown type', file, type.line)
  if (type.text === 'STRING' && !PRINTS_ALIKE.has(code[index + 2]!.text))
    throw notPortable('CAST to STRING of a value that the engines may print differently', file, type.line)
  edits.replaced.set(type, TYPES[type.text]!)
}

/**
 * `FROM rows CROSS JOIN UNNEST(x) AS name`: in GoogleSQL `name` is the element, in DuckDB it would be a table. It becomes
 * `FROM (SELECT *, unnest(x) AS name FROM rows) AS rows`, for DuckDB runs a join with an array as one of every row with itself,
 * in memory. Only this shape is known to mean the same.
 */
function nameElements(code: Token[], index: number, edits: Edits, file: string): void {
  const [from, rows, cross, join] = code.slice(Math.max(0, index - 4), index)
  const close = closingBracket(code, index + 1)
  const [as, name] = code.slice(close + 1, close + 3)
  const shape = [from?.text, cross?.text, join?.text, as?.text].join(' ')
  if (shape !== 'FROM CROSS JOIN AS' || !isName(rows) || !isName(name))
    throw notPortable(
      'UNNEST is known as FROM rows CROSS JOIN UNNEST(x) AS name only',
      file,
      code[index]!.line,
    )
  edits.replaced.set(rows, '(SELECT *,').set(cross!, '').set(join!, '')
  edits.appended.set(name, ` FROM ${translateToken(rows)}) AS ${translateToken(rows)}`)
}

/**
 * GoogleSQL sorts NULLs first, and last with DESC; DuckDB always last. The order is written out rather than set for the session,
 * which would change the user's own SELECT.
 */
function placeNulls(code: Token[], first: number, edits: Edits): void {
  let depth = 0
  for (let index = first; index <= code.length; index++) {
    const token = code[index]
    const ends = !token || (depth === 0 && ENDS_SORT_KEY.has(token.text))
    if (ends) writeNulls(code[index - 1]!, edits)
    if (ends && token?.text !== ',') return
    depth += token ? depthChange(token) : 0
  }
}

const ENDS_SORT_KEY = new Set([',', ')', 'LIMIT', 'UNION'])

function writeNulls(last: Token, edits: Edits): void {
  if (last.text === 'FIRST' || last.text === 'LAST') return
  edits.appended.set(last, last.text === 'DESC' ? ' NULLS LAST' : ' NULLS FIRST')
}
