import { readFileSync } from 'node:fs'

const directory = new URL('../../sql/', import.meta.url)

/** Text of one of this program's own queries: `readQuery('extract.sql')`, `readQuery('audit/runs.sql')`. */
export function readQuery(file: string): string {
  return readFileSync(new URL(file, directory), 'utf8')
}
