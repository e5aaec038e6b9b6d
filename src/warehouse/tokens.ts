import { TerminalError } from '../domain/errors.ts'

export type TokenKind = 'word' | 'quoted' | 'text' | 'number' | 'parameter' | 'marker' | 'sign' | 'gap'

export interface Token {
  kind: TokenKind
  text: string
  line: number
}

/**
 * What a query of `sql/` may be made of. One alternative a kind, tried in this order; what matches none is refused.
 * String literals hold no backslash: GoogleSQL reads it as an escape, DuckDB as itself.
 */
const PATTERNS: [TokenKind, RegExp][] = [
  ['gap', /\s+|--[^\n]*|\/\*[\s\S]*?\*\//y],
  ['marker', /\{\{source\}\}/y],
  ['text', /'[^'\\\n]*'/y],
  ['quoted', /`[A-Za-z_][A-Za-z0-9_]*`/y],
  ['parameter', /@[a-z_][a-z0-9_]*/y],
  ['number', /[0-9]+(?![0-9A-Za-z_.])/y],
  ['word', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['sign', /\|\||<=|>=|<>|[()[\],.<>=+*-]/y],
]

/** Says where a query leaves the portable subset. */
export function notPortable(what: string, file: string, line: number): TerminalError {
  return new TerminalError(`${file}:${line}: ${what}`, {
    hint: 'Queries are GoogleSQL in the subset that src/warehouse/translate.ts knows: write it in other words, or teach the translator with a golden test.',
  })
}

/** Cuts GoogleSQL into tokens; `file` is for the message of the `TerminalError` that a stray character raises. */
export function tokenise(sql: string, file: string): Token[] {
  const tokens: Token[] = []
  let position = 0
  let line = 1
  while (position < sql.length) {
    const token = tokenAt(sql, position, line)
    if (!token) throw notPortable(`cannot be read from here: ${excerpt(sql, position)}`, file, line)
    tokens.push(token)
    position += token.text.length
    line += token.text.split('\n').length - 1
  }
  return tokens
}

function tokenAt(sql: string, position: number, line: number): Token | undefined {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = position
    const match = pattern.exec(sql)
    if (match) return { kind, text: match[0], line }
  }
  return undefined
}

function excerpt(sql: string, position: number): string {
  return JSON.stringify(sql.slice(position, position + 20).split('\n')[0])
}

/** +1 where a bracket opens, -1 where it closes. */
export function depthChange(token: Token): number {
  if (token.kind !== 'sign') return 0
  if (token.text === '(' || token.text === '[') return 1
  return token.text === ')' || token.text === ']' ? -1 : 0
}

/** Index of the bracket that closes the one at `open`. */
export function closingBracket(code: Token[], open: number): number {
  for (let index = open, depth = 0; index < code.length; index++) {
    depth += depthChange(code[index]!)
    if (depth === 0) return index
  }
  return code.length
}
