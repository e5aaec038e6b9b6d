import { closingBracket, depthChange, notPortable, type Token } from './tokens.ts'

/**
 * GoogleSQL's TRIM takes off all white space as Unicode defines it, DuckDB's only the space: so the set is spelt out.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#trim
 */
const WHITE_SPACE = [
  9, 10, 11, 12, 13, 32, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007,
  0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
]

interface FunctionRule {
  duckdb: string
  /** Arguments that GoogleSQL implies and DuckDB wants to be told. */
  furtherArguments?: string
  arguments: number[]
}

/**
 * Every function that `sql/` may call, with the counts of arguments for which both engines agree (golden tests hold them to it).
 * Not here on purpose: CONCAT, LEAST and GREATEST (NULL where DuckDB skips NULLs), COUNTIF (0 where DuckDB has NULL), IF, MOD, FORMAT.
 */
export const FUNCTIONS: Record<string, FunctionRule> = {
  CHR: { duckdb: 'chr', arguments: [1] },
  COALESCE: { duckdb: 'coalesce', arguments: [2, 3, 4] },
  COUNT: { duckdb: 'count', arguments: [1] },
  DATE: { duckdb: 'date', arguments: [1] },
  DIV: { duckdb: 'divide', arguments: [2] },
  FORMAT_TIMESTAMP: { duckdb: 'strftime', arguments: [2] },
  LOWER: { duckdb: 'lower', arguments: [1] },
  LTRIM: { duckdb: 'ltrim', arguments: [2] },
  MAX: { duckdb: 'max', arguments: [1] },
  MIN: { duckdb: 'min', arguments: [1] },
  NULLIF: { duckdb: 'nullif', arguments: [2] },
  REGEXP_CONTAINS: { duckdb: 'regexp_matches', arguments: [2] },
  REPLACE: { duckdb: 'replace', arguments: [3] },
  ROW_NUMBER: { duckdb: 'row_number', arguments: [0] },
  SHA256: { duckdb: 'sha256', arguments: [1] },
  STRING_AGG: { duckdb: 'string_agg', arguments: [2] },
  SUM: { duckdb: 'sum', arguments: [1] },
  TO_HEX: { duckdb: '', arguments: [1] },
  TRIM: {
    duckdb: 'trim',
    arguments: [1],
    furtherArguments: WHITE_SPACE.map((code) => `chr(${code})`).join('||'),
  },
  UNIX_MICROS: { duckdb: 'epoch_us', arguments: [1] },
  UNNEST: { duckdb: 'unnest', arguments: [1] },
}

/** To the whole second, in UTC: fractions and zones print differently. */
const INSTANT_FORMAT = "'%Y-%m-%d %H:%M:%S'"

/** Types for CAST. */
export const TYPES: Record<string, string> = {
  STRING: 'VARCHAR',
  INT64: 'BIGINT',
  BOOL: 'BOOLEAN',
  NUMERIC: 'DECIMAL(38,9)',
  TIMESTAMP: 'TIMESTAMP WITH TIME ZONE',
}

/** What prints the same in both engines; a NUMERIC or a TIMESTAMP does not. */
export const PRINTS_ALIKE = new Set(['UNIX_MICROS', 'COUNT', 'DATE', 'NULL'])

const KEYWORDS = new Set(
  `ALL AND AS ASC BETWEEN BY CASE CAST CROSS DESC DISTINCT ELSE END EXISTS FALSE FIRST FROM GROUP HAVING IN INNER IS JOIN LAST LEFT
   LIMIT NOT NULL NULLS ON OR ORDER OVER PARTITION SELECT THEN TRUE UNION WHEN WHERE WITH`.split(/\s+/),
)

export type StatementKind = 'query' | 'change'

/** A query must not hold the words of a statement that changes rows. */
const BEGINS_CHANGE = new Set(['UPDATE', 'INSERT'])
const CHANGE_KEYWORDS = new Set([...KEYWORDS, ...BEGINS_CHANGE, 'SET', 'INTO'])

/** Words that may stand before an opening bracket without calling anything. */
const BEFORE_BRACKET = new Set(
  'ALL AND AS BY CASE CAST DISTINCT ELSE EXISTS FROM HAVING IN JOIN NOT ON OR OVER SELECT THEN WHEN WHERE'.split(
    ' ',
  ),
)

/** Lower-case spellings that one of the two engines would take for syntax. */
const RESERVED = new Set(
  `anti array asof at collate dayofweek except exclude extract glob ilike intersect interval lateral like natural offset pivot positional qualify
   range recursive rows semi similar struct summarize tablesample unpivot using values window`.split(/\s+/),
)

/** Throws a `TerminalError` for the first token that does not mean the same in both engines. */
export function checkPortable(code: Token[], file: string, kind: StatementKind = 'query'): void {
  const keywords = kind === 'query' ? KEYWORDS : CHANGE_KEYWORDS
  if (kind === 'change' && !BEGINS_CHANGE.has(code[0]?.text ?? ''))
    throw notPortable('neither UPDATE nor INSERT', file, code[0]?.line ?? 1)
  for (const [index, token] of code.entries()) checkToken(code, index, token, file, keywords)
}

function checkToken(
  code: Token[],
  index: number,
  token: Token,
  file: string,
  keywords: ReadonlySet<string>,
): void {
  const next = code[index + 1]?.text
  const before = code[index - 1]
  const refuse = (what: string) => notPortable(what, file, token.line)
  if (token.kind === 'text' && before?.kind === 'text') throw refuse('two string literals in a row')
  if (token.kind === 'text' && isName(before)) throw refuse('a prefixed string literal')
  if (token.text === '[' && before?.text !== '(' && before?.text !== ',' && before?.text !== 'SELECT')
    throw refuse('subscripts count differently')
  if (token.text === 'DISTINCT' && next === 'ON') throw refuse('DISTINCT ON')
  if (token.text === 'UNION' && next !== 'ALL' && next !== 'DISTINCT')
    throw refuse('UNION needs ALL or DISTINCT')
  if (token.text === 'BY' && next === 'ALL') throw refuse('BY ALL')
  if (token.kind === 'word') checkWord(code, index, token, refuse, keywords)
}

export function isName(token: Token | undefined): token is Token {
  if (!token) return false
  return token.kind === 'quoted' || (token.kind === 'word' && token.text === token.text.toLowerCase())
}

function checkWord(
  code: Token[],
  index: number,
  token: Token,
  refuse: (what: string) => Error,
  keywords: ReadonlySet<string>,
): void {
  const { text } = token
  const called = code[index + 1]?.text === '('
  if (isName(token)) {
    if (RESERVED.has(text)) throw refuse(`${text} is a word of one of the dialects`)
    if (called) throw refuse(`function ${text} is not on the list (functions are written in capitals)`)
    return
  }
  if (called && text in FUNCTIONS) checkArguments(code, index, refuse)
  else if (called && !BEFORE_BRACKET.has(text)) throw refuse(`function ${text} is not on the list`)
  else if (!keywords.has(text) && !(text in TYPES && code[index - 1]?.text === 'AS'))
    throw refuse(`${text} is not on the list of keywords`)
}

function checkArguments(code: Token[], index: number, refuse: (what: string) => Error): void {
  const name = code[index]!.text
  const count = countArguments(code, index + 1)
  if (!FUNCTIONS[name]!.arguments.includes(count))
    throw refuse(`function ${name} with ${count} arguments is not on the list`)
  if (name === 'CHR' && !(/^[1-9]/.test(code[index + 2]!.text) && code[index + 3]?.text === ')'))
    throw refuse('CHR of anything but a literal that is not 0: that is no character or a NUL')
  if (name === 'DIV' && !isNeverZero(code, closingBracket(code, index + 1) - 1))
    throw refuse('DIV by anything but a literal or NULLIF(..., 0): by zero it is an error or NULL')
  if (name === 'FORMAT_TIMESTAMP' && code[index + 2]?.text !== INSTANT_FORMAT)
    throw refuse(`FORMAT_TIMESTAMP with anything but ${INSTANT_FORMAT}`)
  if (name === 'TO_HEX' && code[index + 2]?.text !== 'SHA256')
    throw refuse('function TO_HEX of anything but SHA256(...) is not on the list')
  if (name === 'SHA256' && code[index - 2]?.text !== 'TO_HEX')
    throw refuse('function SHA256 outside TO_HEX(...) is not on the list')
}

/** Whether the argument that ends at `last` is a literal, or a `NULLIF` that makes NULL of zero. */
function isNeverZero(code: Token[], last: number): boolean {
  if (/^[1-9]/.test(code[last]!.text)) return code[last - 1]!.text === ','
  const nullif = code.findLastIndex(
    (token, index) => index < last && token.text === 'NULLIF' && closingBracket(code, index + 1) === last,
  )
  return (
    nullif > 0 &&
    code[nullif - 1]!.text === ',' &&
    code[last - 1]!.text === '0' &&
    code[last - 2]!.text === ','
  )
}

function countArguments(code: Token[], open: number): number {
  const close = closingBracket(code, open)
  if (close === open + 1) return 0
  let commas = 0
  for (let index = open + 1, depth = 0; index < close; index++) {
    depth += depthChange(code[index]!)
    if (depth === 0 && code[index]!.text === ',') commas += 1
  }
  return commas + 1
}
