import { ExpectedError } from '../domain/errors.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { colour } from './output.ts'

export interface ErrorReport {
  message: string
  hint: string | null
  exitCode: ExitCode
  /** Only for a bug. */
  stack: string | null
}

/** The parts of commander's error that count here; importing the class would load commander for every caller. */
interface UsageError extends Error {
  code: `commander.${string}`
  exitCode: number
}

function isUsageError(error: unknown): error is UsageError {
  return error instanceof Error && String((error as Partial<UsageError>).code).startsWith('commander.')
}

const asSentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1).replace(/([^.?!)])$/, '$1.')

/** `error: unknown option '--frm'\n(Did you mean --from?)` in the words and the shape of our own errors. */
function usageReport(error: UsageError, command: string | null): ErrorReport {
  const [first = '', suggestion] = error.message.split('\n')
  const help = `adjust-s2s ${command === null ? '' : `${command} `}--help`
  // commander's error for no command at all; it has printed the help by then.
  const message = error.code === 'commander.help' ? 'which command?' : first.replace(/^error: /, '')
  const meant = suggestion?.replace(/^\(|\)$/g, '')
  return {
    message: asSentence(message),
    hint: meant ?? `\`${help}\` lists what there is.`,
    exitCode: ExitCode.usage,
    stack: null,
  }
}

/**
 * What an error comes to, or null when `--help` or `--version` has done its work.
 * An `ExpectedError` speaks for itself; anything else nobody foresaw, so it comes with its stack.
 */
export function reportOf(error: unknown, command: string | null): ErrorReport | null {
  if (error instanceof ExpectedError) {
    return { message: error.message, hint: error.hint ?? null, exitCode: error.exitCode, stack: null }
  }
  if (isUsageError(error)) return error.exitCode === 0 ? null : usageReport(error, command)
  const bug = error instanceof Error ? error : new Error(String(error))
  return {
    message: `${bug.message || bug.name} (This is a bug in adjust-s2s.)`,
    hint: 'Please report it with the lines above. Running again is safe: the journal knows what may have been sent.',
    exitCode: ExitCode.crash,
    stack: bug.stack ?? bug.message,
  }
}

/** The report for a person: message, then hint, after the stack if there is one. */
export function formatReport({ message, hint, stack }: ErrorReport, stream: NodeJS.WritableStream): string {
  const lines = [`${colour(['red', 'bold'], 'error:', stream)} ${message}`]
  if (hint !== null) lines.push(` ${colour('cyan', 'hint:', stream)} ${hint}`)
  return `${stack === null ? '' : `${stack}\n\n`}${lines.join('\n')}\n`
}

/** The report for a program, as one line on standard output. */
export function reportJson({ message, hint, exitCode }: ErrorReport): string {
  return `${JSON.stringify({ error: { message, hint, exit_code: exitCode } })}\n`
}
