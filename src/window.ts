import { MS_PER_DAY, MS_PER_MINUTE } from './domain/durations.ts'

/** Half-open, epoch milliseconds. */
export interface ResolvedWindow {
  fromMs: number
  toMs: number
  /** Neither --from nor --to was given. */
  full: boolean
  /** Rows older than this are not sent. */
  ageLimitMs: number
}

export interface WindowRules {
  maxAgeDays: number
  settleMinutes: number
}

/**
 * What a run covers. Without flags: from the age limit up to now minus the settle time. It begins earlier when earlier
 * full runs left work there (`owedFromMs`), so that what has aged out since is settled and not forgotten.
 */
export function resolveWindow(
  flags: { from: number | null; to: number | null },
  rules: WindowRules,
  owedFromMs: number | null,
  nowMs: number,
): ResolvedWindow {
  const ageLimitMs = nowMs - rules.maxAgeDays * MS_PER_DAY
  const fromMs = flags.from ?? Math.min(ageLimitMs, owedFromMs ?? ageLimitMs)
  const toMs = flags.to ?? nowMs - rules.settleMinutes * MS_PER_MINUTE
  return { fromMs, toMs: Math.max(fromMs, toMs), full: flags.from === null && flags.to === null, ageLimitMs }
}
