import { closingBracket, notPortable, type Token, tokenise } from './tokens.ts'

/** A part of a query that runs on its own. `table` names the temporary table that it fills; null for the query's own result. */
export interface QueryStep {
  table: string | null
  code: Token[]
}

interface Named {
  name: string
  body: Token[]
}

/**
 * Cuts `WITH a AS (…), b AS (…) SELECT …` into steps: what is used more than once, and what the result is joined with, becomes a
 * temporary table; what is used once, or only filters another table, stays where it is used. In one piece DuckDB works at
 * everything at the same time and has to hold it all in memory; step by step each part has the whole limit to itself. The source
 * is read in the first step, where no temporary table can hide a table of the user's. Steps are GoogleSQL, as the query is.
 */
export function querySteps(sql: string, file = 'query'): QueryStep[] {
  const code = tokenise(sql, file).filter((token) => token.kind !== 'gap')
  const { named, rest } = splitWith(code)
  const isTable = ({ name, body }: Named) =>
    !isFilter(body) && (countUses(name, named, rest) > 1 || joins(rest, name))
  const [tables, inPlace] = [named.filter(isTable), named.filter((one) => !isTable(one))]
  const steps = tables.map(({ name, body }): QueryStep => ({ table: name, code: withNeeded(body, inPlace) }))
  steps.push({ table: null, code: withNeeded(rest, inPlace) })
  if (steps.findIndex((step) => step.code.some(({ kind }) => kind === 'marker')) > 0)
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

/** `SELECT * FROM rows WHERE …`: to do it twice costs less than to write the rows down. */
function isFilter(body: Token[]): boolean {
  const shape = [...body.slice(0, 3), ...body.slice(4, 5)].map(({ text }) => text).join(' ')
  return shape === 'SELECT * FROM WHERE' && !body.slice(3).some(({ text }) => text === 'SELECT')
}

/** A filter that is used twice uses its table twice. */
function countUses(name: string, named: Named[], rest: Token[]): number {
  const uses = named.map((one) => {
    const times = usesIn(name, one.body)
    return times > 0 && isFilter(one.body) ? countUses(one.name, named, rest) : times
  })
  return uses.reduce((sum, times) => sum + times, usesIn(name, rest))
}

function usesIn(name: string, body: Token[]): number {
  return body.filter((token, index) => token.text === name && isUse(body[index - 1])).length
}

/** Whether a table's name comes next. */
function isUse(before: Token | undefined): boolean {
  return before?.text === 'FROM' || before?.text === 'JOIN'
}

function joins(body: Token[], name: string): boolean {
  return body.some((token, index) => token.text === name && body[index - 1]?.text === 'JOIN')
}

function withNeeded(body: Token[], inPlace: Named[]): Token[] {
  const needed = neededBy(body, inPlace)
  const clauses = inPlace
    .filter((one) => needed.has(one))
    .flatMap(({ name, body }, index) => [
      ...words(`${index === 0 ? 'WITH' : ','} ${name} AS (`),
      ...body,
      ...words(')'),
    ])
  return [...clauses, ...body]
}

function words(sql: string): Token[] {
  return tokenise(sql, 'query').filter(({ kind }) => kind !== 'gap')
}

function neededBy(body: Token[], inPlace: Named[]): Set<Named> {
  const direct = inPlace.filter(({ name }) => usesIn(name, body) > 0)
  return new Set(direct.flatMap((one) => [one, ...neededBy(one.body, inPlace)]))
}

export function textOf(code: Token[]): string {
  return code.map((token) => token.text).join(' ')
}
