import { TerminalError } from '../domain/errors.ts'

/** One thing wrong with the configuration. */
export interface Problem {
  /** Where to mend it: a line of the file, or an environment variable; null when something is missing altogether. */
  where: string | null
  message: string
}

/** A value for a message: short, on one line, without the password of a URL. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'empty'
  const json = (typeof value === 'number' ? String(value) : JSON.stringify(value)).replace(
    /\/\/[^/@]*@/,
    '//…@',
  )
  return json.length > 60 ? `${json.slice(0, 57)}…` : json
}

/** The file's lines from top to bottom, then variables, then what is missing. */
function place({ where }: Problem): number {
  const line = /^line (\d+)$/.exec(where ?? '')?.[1]
  return line === undefined ? (where === null ? Number.MAX_VALUE : Number.MAX_SAFE_INTEGER) : Number(line)
}

/** All problems in one error, so that nobody mends them one run at a time. */
export function configurationError(subject: string, problems: readonly Problem[]): TerminalError {
  const width = Math.max(...problems.map(({ where }) => where?.length ?? 0))
  const lines = problems
    .toSorted((one, other) => place(one) - place(other))
    .map(({ where, message }) =>
      width === 0 ? `  ${message}` : `  ${(where ?? '').padEnd(width)}  ${message}`,
    )
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new TerminalError([`${subject} has ${count}:`, ...lines].join('\n'), {
    hint: 'adjust-s2s init --example prints every setting with its meaning, what is allowed, and its default',
  })
}
