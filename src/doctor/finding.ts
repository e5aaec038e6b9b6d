import { ExpectedError } from '../domain/errors.ts'
import type { Event } from '../domain/event.ts'
import { ExitCode } from '../domain/exit-code.ts'

export type FindingStatus = 'ok' | 'warning' | 'failed' | 'skipped'

/** What one check came to. */
export interface Finding {
  check: string
  status: FindingStatus
  /** What was seen; of a failure what is wrong, which may take several lines. */
  detail: string
  /** What mends it; null where nothing has to be. */
  hint: string | null
  /** What a run would end with for the same reason; `ok` unless it failed. */
  exitCode: ExitCode
  /** The event that the sample row becomes. */
  event: Event | null
}

/** What an attempt that did not fail has seen. */
export interface Seen<T> {
  detail: string
  /** What later checks work with. */
  value: T
  /** What mends it: makes it a warning. */
  mend?: string
  /** It could not be tried, for a reason that is no failure. */
  isSkipped?: boolean
  event?: Event | null
}

/** A check that is over. */
export interface Outcome<T> {
  finding: Finding
  /** null unless it is ok, or a warning. */
  value: T | null
  /** The failed check that it comes down to; null where a later check may build on it. */
  blockedBy: string | null
}

type Values<Needs extends readonly Outcome<unknown>[]> = {
  [Index in keyof Needs]: Needs[Index] extends Outcome<infer T> ? T : never
}

/**
 * Makes a check. It is skipped when one that it needs has failed; an `ExpectedError` is a failure in its words, and any other error is a
 * bug, which is a failure, too: nothing is thrown.
 */
export async function examine<const Needs extends readonly Outcome<unknown>[], T>(
  check: string,
  needs: Needs,
  attempt: (...values: Values<Needs>) => Promise<Seen<T>>,
): Promise<Outcome<T>> {
  const blockedBy = needs.find((need) => need.blockedBy !== null)?.blockedBy ?? null
  if (blockedBy !== null) {
    const finding = { ...nothingSeen, check, status: 'skipped' as const, detail: `it needs: ${blockedBy}` }
    return { finding, value: null, blockedBy }
  }
  try {
    return passed(check, await attempt(...(needs.map(({ value }) => value) as Values<Needs>)))
  } catch (error) {
    return {
      finding: { ...nothingSeen, check, status: 'failed', ...reportOf(error) },
      value: null,
      blockedBy: check,
    }
  }
}

const nothingSeen = { hint: null, exitCode: ExitCode.ok, event: null }

function passed<T>(check: string, { detail, value, mend, isSkipped, event = null }: Seen<T>): Outcome<T> {
  const status = isSkipped ? 'skipped' : mend === undefined ? 'ok' : 'warning'
  const finding = { ...nothingSeen, check, status, detail, hint: mend ?? null, event } as const
  return { finding, value, blockedBy: null }
}

function reportOf(error: unknown): Pick<Finding, 'detail' | 'hint' | 'exitCode'> {
  if (error instanceof ExpectedError)
    return { detail: error.message, hint: error.hint ?? null, exitCode: error.exitCode }
  const bug = error instanceof Error ? error : new Error(String(error))
  return {
    detail: `${bug.message || bug.name} (This is a bug in adjust-s2s.)`,
    hint: `Please report it with these lines: ${bug.stack ?? bug.message}`,
    exitCode: ExitCode.crash,
  }
}

/** The gravest first: what somebody has to mend before what passes by itself. */
const BY_GRAVITY = [ExitCode.crash, ExitCode.usage, ExitCode.refused, ExitCode.tryAgain]

/** The exit code of all checks together: that of the gravest failure. */
export function exitCodeOf(findings: readonly Pick<Finding, 'exitCode'>[]): ExitCode {
  return BY_GRAVITY.find((code) => findings.some(({ exitCode }) => exitCode === code)) ?? ExitCode.ok
}
