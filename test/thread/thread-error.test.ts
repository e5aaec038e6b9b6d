import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BusyError,
  ExpectedError,
  RefusedError,
  TerminalError,
  TransientError,
} from '../../src/domain/errors.ts'
import { packError, unpackError } from '../../src/thread/thread-error.ts'

/** As it comes out in another thread. */
const crossed = (error: unknown) => unpackError(structuredClone(packError(error)))

const expectedErrors = fc
  .record({
    Type: fc.constantFrom(TerminalError, RefusedError, TransientError, BusyError),
    message: fc.string(),
    hint: fc.option(fc.string(), { nil: undefined }),
    cause: fc.option(fc.string(), { nil: undefined }),
  })
  .map(
    ({ Type, message, hint, cause }) =>
      new Type(message, {
        ...(hint === undefined ? {} : { hint }),
        ...(cause === undefined ? {} : { cause: new Error(cause) }),
      }),
  )

describe('an error that crosses between threads', () => {
  it('keeps its class, its words, its hint, its exit code and its cause', () => {
    fc.assert(
      fc.property(expectedErrors, (error) => {
        const other = crossed(error) as ExpectedError
        expect(other).toBeInstanceOf(ExpectedError)
        expect(other.constructor).toBe(error.constructor)
        expect(other).toMatchObject({ name: error.name, message: error.message, exitCode: error.exitCode })
        expect(other.hint).toBe(error.hint)
        expect((other.cause as Error | undefined)?.message).toBe((error.cause as Error | undefined)?.message)
      }),
    )
  })

  it('that nobody foresaw stays a bug, with the stack of the thread that threw it', () => {
    const bug = new TypeError('x is not a function')
    const other = crossed(bug)
    expect(other).not.toBeInstanceOf(ExpectedError)
    expect(other.message).toBe('x is not a function')
    expect(other.stack).toBe(bug.stack)
  })

  it('may be no Error at all', () => {
    expect(crossed('just a text').message).toBe('just a text')
  })
})
