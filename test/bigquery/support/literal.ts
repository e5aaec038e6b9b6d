import type { CellType } from '../../warehouse/engine.ts'

const TYPES: Record<CellType, string> = {
  text: 'STRING',
  timestamp: 'TIMESTAMP',
  decimal: 'NUMERIC',
  json: 'JSON',
}

/** What GoogleSQL's lexical structure wants escaped in a quoted literal; everything else stands for itself. */
const ESCAPES: Record<string, string> = { '\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r' }

/** A value as GoogleSQL writes it: `'it\'s'`, `TIMESTAMP '2025-05-20T12:00:00Z'`, `CAST(NULL AS NUMERIC)`. */
export function bigqueryLiteral(value: string | null, type: CellType): string {
  if (value === null) return `CAST(NULL AS ${TYPES[type]})`
  const quoted = `'${value.replaceAll(/[\\'\n\r]/g, (character) => ESCAPES[character]!)}'`
  return type === 'text' ? quoted : `${TYPES[type]} ${quoted}`
}
