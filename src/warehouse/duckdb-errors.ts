import { BusyError, type ExpectedError, TerminalError, TransientError } from '../domain/errors.ts'

/** What DuckDB says, without the excerpt of the query under it, on one line. */
export function oneLine(message: string): string {
  return message
    .replace(/^Failed to extract statements: /, '')
    .replace(/\n\s*LINE \d+:[\s\S]*$/, '')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Why a file could not be opened. DuckDB tells the cases apart by its wording only. */
export function openError(path: string, error: unknown): ExpectedError {
  const message = oneLine(String(error instanceof Error ? error.message : error))
  const holder = /Could not set lock on file.*\(PID (\d+)\)/.exec(message)
  if (message.includes('Could not set lock on file'))
    return new BusyError(`${path} is in use by ${holder ? `process ${holder[1]}` : 'another process'}`, {
      hint: 'A DuckDB file belongs to one process at a time: wait until that one has ended (or close the SQL shell that has it open), then run again.',
      cause: error,
    })
  if (/not a valid DuckDB database file|[Cc]orrupt|checksum|Serialization Error|replaying WAL/.test(message))
    return new TerminalError(`${path} is not a sound DuckDB file: ${message}`, {
      hint: 'Correct warehouse.path, or put the file back from a backup.',
      cause: error,
    })
  return new TerminalError(`${path} cannot be opened: ${message}`, {
    hint: 'Correct warehouse.path, or the rights on that file.',
    cause: error,
  })
}

export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Out of Memory Error')
}

const INIT_HINT = 'Create the tables with `adjust-s2s init`.'

/**
 * Why a query failed. `fromSource` says that the user's SELECT was part of it: what is wrong with its text or its values is theirs
 * to mend. What is left is a fault of this program, and comes back as it was.
 */
export function queryError(error: unknown, fromSource: boolean): unknown {
  if (!(error instanceof Error)) return error
  const message = oneLine(error.message)
  if (/^Catalog Error: .* with name "?s2s_/.test(message))
    return new TerminalError(message, { hint: INIT_HINT, cause: error })
  if (isOutOfMemory(error))
    return new TerminalError(`DuckDB ran out of memory: ${message.replace(/ Possible solutions:.*$/, '')}`, {
      hint: 'Give the process more memory, or take a smaller window with --from and --to.',
      cause: error,
    })
  // A COMMIT that cannot be written comes as a TransactionContext Error, and one before it as a FATAL Error.
  if (/^IO Error: .*temp_directory|No space left|File too large|(Could not|Failed to) write/.test(message))
    return new TransientError(`DuckDB cannot write: ${message}`, {
      hint: 'Free space on the disk, then run again.',
      cause: error,
    })
  if (
    fromSource &&
    /^(Parser|Binder|Catalog|Conversion|Out of Range|Invalid Input|IO|HTTP|Invalid|Not implemented|Constraint) Error/.test(
      message,
    )
  )
    return new TerminalError(`the source SELECT fails: ${message}`, {
      hint: 'Correct the file that `source` names in the configuration.',
      cause: error,
    })
  return error
}
