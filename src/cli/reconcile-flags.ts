import { TerminalError } from '../domain/errors.ts'
import { parseInstant } from './instant.ts'

/** What `reconcile` is asked to do, checked. */
export interface ReconcileFlags {
  /** Files, folders, globs or `-`; empty when a table is given. */
  files: string[]
  /** A table of the warehouse, in its own dialect. */
  table: string | null
  columns: {
    transactionId: string | null
    appToken: string | null
    eventToken: string | null
    time: string | null
  }
  /** Epoch milliseconds, by when events were sent; null for the default. */
  from: number | null
  to: number | null
  dryRun: boolean
}

/** The flags as typed. */
export interface ReconcileFlagTexts {
  export?: string[]
  table?: string
  transactionIdColumn?: string
  appTokenColumn?: string
  eventTokenColumn?: string
  timeColumn?: string
  from?: string
  to?: string
  dryRun?: boolean
}

/** Checks the flags. Throws a TerminalError that names the flag and its value. */
export function parseReconcileFlags(texts: ReconcileFlagTexts): ReconcileFlags {
  const { export: files = [], table } = texts
  if (files.length > 0 === (table !== undefined))
    throw new TerminalError(
      table === undefined
        ? 'Which export? Neither --export nor --table is given.'
        : '--export and --table are both given.',
      {
        hint: "Give Adjust's raw data export as --export FILE, or the table that it was loaded into as --table NAME.",
      },
    )
  const from = texts.from === undefined ? null : parseInstant('--from', texts.from)
  const to = texts.to === undefined ? null : parseInstant('--to', texts.to)
  if (from !== null && to !== null && from >= to)
    throw new TerminalError(
      `--from ${texts.from} is not before --to ${texts.to}: the window would be empty.`,
      {
        hint: 'Both are by when events were sent, in UTC; --to is the first instant that no longer counts.',
      },
    )
  return {
    files,
    table: table ?? null,
    columns: {
      transactionId: texts.transactionIdColumn ?? null,
      appToken: texts.appTokenColumn ?? null,
      eventToken: texts.eventTokenColumn ?? null,
      time: texts.timeColumn ?? null,
    },
    from,
    to,
    dryRun: texts.dryRun ?? false,
  }
}
