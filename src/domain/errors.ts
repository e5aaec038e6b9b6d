import { ExitCode } from './exit-code.ts'

interface ErrorDetails {
  /** What to do next: a sentence, or the exact command. */
  hint?: string
  cause?: unknown
}

/** An error that was foreseen: it says what happened, to what, and what mends it. Anything else is a bug. */
export abstract class ExpectedError extends Error {
  abstract readonly exitCode: ExitCode
  readonly hint: string | undefined

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.hint = details.hint
  }
}

/** Trying again gives the same result: somebody has to change the command, the configuration, the source or the disk. */
export class TerminalError extends ExpectedError {
  readonly exitCode: ExitCode = ExitCode.usage
}

/** Adjust refused the credentials or the app: no retry mends that. */
export class RefusedError extends ExpectedError {
  readonly exitCode: ExitCode = ExitCode.refused
}

/** The world is not ready (a lock, a warehouse or Adjust that is down): the next scheduled run tries again. */
export class TransientError extends ExpectedError {
  readonly exitCode: ExitCode = ExitCode.tryAgain
}

/** Another process is at work where this one would be: it does what is due, so nothing is lost and nobody has to look. */
export class BusyError extends TransientError {}
