import { readFileSync } from 'node:fs'
import { TerminalError } from '../domain/errors.ts'

/**
 * Reads the file with the user's SELECT. A closing semicolon and comments are fine. Throws `TerminalError` when the file cannot
 * be read, holds no statement, or more than one.
 */
export function loadSource(path: string): string {
  const sql = readText(path)
  const fitting = [statements(sql, true), statements(sql, false)]
  // Dialects disagree on whether a backslash escapes a quote, so the text counts as several only if it does in both readings.
  if (fitting.every((reading) => reading.length > 1))
    throw new TerminalError(`${path} holds more than one statement`, {
      hint: 'Keep one SELECT (it may begin with WITH); put everything else into a view or a table of the warehouse.',
    })
  const statement = fitting.find((reading) => reading.length === 1)?.[0]
  if (statement === undefined)
    throw new TerminalError(`${path} holds no SELECT`, {
      hint: `Write one that yields the source contract. ${EXAMPLE}`,
    })
  return fitting.every((reading) => reading.length === 1) ? statement : sql
}

const EXAMPLE =
  'For example: SELECT id AS transaction_id, ts AS occurred_at, app_token, event_token, gps_adid FROM purchases'

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    const why = error instanceof TypeError ? 'it is not UTF-8 text' : reasonOf(error)
    throw new TerminalError(`the source SELECT ${path} cannot be read: ${why}`, {
      hint: 'Correct `source` in the configuration, or the file.',
      cause: error,
    })
  }
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'it does not exist'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'EACCES') return 'this user may not read it'
  throw error
}

const PIECES = {
  escaped: /'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|\s+|;|[\s\S]/g,
  plain: /'[^']*'|"[^"]*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|\s+|;|[\s\S]/g,
}

/** Splits at semicolons outside of quotes and comments; a part with nothing but comments is no statement. */
function statements(sql: string, backslashEscapes: boolean): string[] {
  const parts = [{ text: '', hasCode: false }]
  for (const [piece] of sql.matchAll(backslashEscapes ? PIECES.escaped : PIECES.plain)) {
    const part = parts.at(-1)!
    if (piece === ';') parts.push({ text: '', hasCode: false })
    else {
      part.text += piece
      part.hasCode ||= !/^(\s|--|\/\*)/.test(piece)
    }
  }
  return parts.filter(({ hasCode }) => hasCode).map(({ text }) => text.trim())
}
