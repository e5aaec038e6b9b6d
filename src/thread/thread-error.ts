import { BusyError, ExpectedError, RefusedError, TerminalError, TransientError } from '../domain/errors.ts'

/** An error as it crosses between threads: of a class of its own a structured clone keeps neither the class nor the fields. */
export interface ThreadError {
  type: string
  message: string
  hint?: string
  stack?: string
  cause?: ThreadError
}

const EXPECTED = [TerminalError, RefusedError, TransientError, BusyError]

export function packError(error: unknown): ThreadError {
  if (!(error instanceof Error)) return { type: 'Error', message: String(error) }
  const { message, stack, cause } = error
  const type = EXPECTED.find((expected) => error.constructor === expected)?.name ?? 'Error'
  return {
    type,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(error instanceof ExpectedError && error.hint !== undefined ? { hint: error.hint } : {}),
    ...(cause === undefined ? {} : { cause: packError(cause) }),
  }
}

/** The error as it was thrown, but for fields that no one outside of its stage knows. */
export function unpackError({ type, message, hint, stack, cause }: ThreadError): Error {
  const Type = EXPECTED.find(({ name }) => name === type)
  const details = cause === undefined ? {} : { cause: unpackError(cause) }
  const error = Type
    ? new Type(message, { ...details, ...(hint === undefined ? {} : { hint }) })
    : new Error(message, details)
  if (stack !== undefined) error.stack = stack
  return error
}
