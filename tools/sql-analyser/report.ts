import type { Column } from './resolved.ts'

/** Something that is wrong with a file or a statement; line and column count from 1 in its text, null where it has no place. */
export interface Problem {
  message: string
  line: number | null
  column: number | null
}

/** What the check found out about a file or a statement. */
export interface Report {
  name: string
  /** Columns that it yields; none when it was refused. */
  columns: Column[]
  problems: Problem[]
}

/** A problem that no place in the text has. */
export function problem(message: string): Problem {
  return { message, line: null, column: null }
}

/** `sql/extract.sql: ok`, or a line for each problem: `sql/extract.sql:12:3: Unrecognized name: staus`. */
export function reportLines({ name, columns, problems }: Report, showColumns: boolean): string[] {
  if (problems.length > 0)
    return problems.map(({ message, line, column }) => {
      const place = line === null ? '' : `:${line}:${column ?? 1}`
      return `${name}${place}: ${message}`
    })
  const shown = showColumns ? columns.map((column) => `  ${column.name} ${column.type}`) : []
  return [`${name}: ok`, ...shown]
}
