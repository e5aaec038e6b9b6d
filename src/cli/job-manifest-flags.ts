import { TerminalError } from '../domain/errors.ts'
import type { GivenFlags } from '../kubernetes/rerun-words.ts'
import { parseRunFlags, type RunFlags, type RunFlagTexts } from './run-flags.ts'

/** What `job-manifest` is asked to print, checked. */
export interface JobManifestFlags {
  /** Epoch milliseconds; null is an open end, which the run sets when it starts. */
  from: number | null
  to: number | null
  /** The flags of the Job's run. */
  given: GivenFlags
  /** null is standard input. */
  cronjobFile: string | null
  /** null for none. */
  deadlineSeconds: number | null
}

/** The flags as typed: those of `run`, and two of its own. */
export interface JobManifestFlagTexts extends RunFlagTexts {
  cronjobFile?: string
  deadline?: string
}

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
/** Kubernetes takes longer ones; a year is a slip. */
const DEADLINE_SECONDS_MAX = 90 * 86_400

/** Checks the flags as `run` checks its own. Throws a TerminalError that names the flag and its value. */
export function parseJobManifestFlags(texts: JobManifestFlagTexts): JobManifestFlags {
  const run = parseRunFlags(texts)
  const { cronjobFile = '-', deadline } = texts
  return {
    from: run.from,
    to: run.to,
    given: flagsOf(run, texts),
    cronjobFile: cronjobFile === '-' ? null : cronjobFile,
    deadlineSeconds: deadline === undefined ? null : parseDeadline(deadline),
  }
}

/** As `run` is to be called: instants in full, and the confirmation for exactly these, for it goes by the text. */
function flagsOf({ from, to, app, event, limit, resend, dryRun }: RunFlags, texts: RunFlagTexts): GivenFlags {
  const [fromText, toText] = [from, to].map((instant) => (instant === null ? null : isoInstant(instant)))
  const flags: Record<string, string | boolean | null> = {
    from: fromText ?? null,
    to: toText ?? null,
    app,
    event,
    limit: limit === null ? null : String(limit),
    'max-rejected': texts.maxRejected ?? null,
    resend: resend === 'none' ? null : resend,
    confirm: resend === 'all' ? `${fromText}/${toText}` : null,
    'dry-run': dryRun,
  }
  const isGiven = (entry: [string, string | boolean | null]): entry is [string, string | true] =>
    entry[1] !== null && entry[1] !== false
  return Object.fromEntries(Object.entries(flags).filter(isGiven))
}

/** `2026-02-01T00:00:00Z`, with milliseconds where there are some. */
function isoInstant(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('.000Z', 'Z')
}

function parseDeadline(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,7})([smhd])$/.exec(text.trim()) ?? []
  const seconds = Number(count) * (SECONDS_PER_UNIT[unit] ?? Number.NaN)
  if (seconds >= 1 && seconds <= DEADLINE_SECONDS_MAX) return seconds
  throw new TerminalError(`--deadline ${text}: that is no time from 1s to 90d.`, {
    hint: 'A number and its unit, s, m, h or d, such as --deadline 12h. Without it the Job may take as long as it needs.',
  })
}
