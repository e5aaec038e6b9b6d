import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Everything that is installed for the emulator; removing the folder removes it all. */
export const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/bigquery-emulator')

export const VENV = join(CACHE, 'venv')
export const PYTHON = join(VENV, 'bin/python')

/** DuckDB looks for its extensions under the home directory; one of its own keeps the developer's untouched. */
export const HOME = join(CACHE, 'home')

export const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')

/** Written last, so that an installation that was cut short is not taken for a whole one. */
export const STAMP = join(CACHE, 'installed')

/** What the stamp says once the present requirements are installed. */
export function stamp(): string {
  return createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex')
}

/** Whether the emulator of the present requirements is installed. */
export function isInstalled(): boolean {
  try {
    return readFileSync(STAMP, 'utf8') === stamp()
  } catch {
    return false
  }
}
