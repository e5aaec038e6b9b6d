import { closingBracket, notPortable, type Token, tokenise } from './tokens.ts'
import { translate } from './translate.ts'

/** The steps of a query of `sql/` in DuckDB's SQL. Throws a `TerminalError` where `translate` does. */
export function duckdbSteps(sql: string, file = 'query'): Step[] {
  // Translated as a whole first, for a message names the line of the file.
  translate(sql, file)
  return querySteps(sql, file).map((step) => ({ ...step, sql: translate(step.sql, file) }))
}

/** A part of a query that runs on its own. `table` names the temporary table that it fills; null for the query's own result. */
export interface Step {
  table: string | null
  sql: string
}

interface Named {
  name: string
  body: Token[]
}

/**
 * Cuts `WITH a AS (…), b AS (…) SELECT …` into steps: what is used more than once becomes a temporary table, what is used once
 * stays where it is used. In one piece DuckDB works at everything at the same time and has to hold it all in memory; step by step
 * each part has the whole limit to itself. The source is read in the first step, where no temporary table can hide a table of the
 * user's. Steps are GoogleSQL, as the query is.
 */
export function querySteps(sql: string, file = 'query'): Step[] {
  const code = tokenise(sql, file).filter((token) => token.kind !== 'gap')
  const { named, rest } = splitWith(code)
  const isShared = ({ name }: Named) => countUses(name, [...named.map(({ body }) => body), rest]) > 1
  const [shared, single] = [named.filter(isShared), named.filter((one) => !isShared(one))]
  const steps = shared.map(({ name, body }): Step => ({ table: name, sql: withNeeded(body, single) }))
  steps.push({ table: null, sql: withNeeded(rest, single) })
  const late = steps.findIndex((step) => step.sql.includes('{{source}}')) > 0
  if (late)
    throw notPortable('{{source}} has to stand in the first part that is used more than once', file, 1)
  return steps
}

function splitWith(code: Token[]): { named: Named[]; rest: Token[] } {
  const named: Named[] = []
  let position = 0
  while (code[position]?.text === (named.length === 0 ? 'WITH' : ',')) {
    const close = closingBracket(code, position + 3)
    named.push({ name: code[position + 1]!.text, body: code.slice(position + 4, close) })
    position = close + 1
  }
  return { named, rest: code.slice(position) }
}

function countUses(name: string, parts: Token[][]): number {
  return parts.reduce(
    (sum, part) => sum + part.filter((token, index) => isUse(name, part, token, index)).length,
    0,
  )
}

function isUse(name: string, part: Token[], token: Token, index: number): boolean {
  return token.text === name && ['FROM', 'JOIN'].includes(part[index - 1]?.text ?? '')
}

function withNeeded(body: Token[], single: Named[]): string {
  const needed = neededBy(body, single)
  const clauses = single
    .filter((one) => needed.has(one))
    .map(({ name, body }) => `${name} AS (${text(body)})`)
  return clauses.length === 0 ? text(body) : `WITH ${clauses.join(', ')} ${text(body)}`
}

function neededBy(body: Token[], single: Named[]): Set<Named> {
  const direct = single.filter(({ name }) => countUses(name, [body]) > 0)
  return new Set(direct.flatMap((one) => [one, ...neededBy(one.body, single)]))
}

function text(tokens: Token[]): string {
  return tokens.map((token) => token.text).join(' ')
}
