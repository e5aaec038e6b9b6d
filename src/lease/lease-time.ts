import { MS_PER_MINUTE } from '../domain/durations.ts'

/**
 * The times of the lease, all in one place:
 *
 *     asked for ──── LEASE_MS ────► holder stops ──── request time-out + CLOCK_SKEW_MS ────► another may take over
 *
 * The holder stops by its own clocks, counted from before it asked. Whoever takes over looks at its own wall clock, so the row says an
 * instant that is later by as much as a last request may take and as the clocks of two machines may differ. Whoever takes over needs no
 * setting of the holder's to know it.
 */
/** A warehouse may be away, or a process be paused, for four minutes after a heartbeat, and the run goes on. */
export const LEASE_MS = 5 * MS_PER_MINUTE
/** One small statement a minute: BigQuery runs the changes of a table one after the other, and bills each. */
export const HEARTBEAT_MS = MS_PER_MINUTE
/** How soon after a heartbeat that failed. */
export const HEARTBEAT_RETRY_MS = 10_000
/** A process that is to end does not wait longer for a warehouse that is away. */
export const RELEASE_TIMEOUT_MS = 10_000
/** Machines that keep time by NTP differ by milliseconds; a minute is what nobody should be off by unnoticed. */
export const CLOCK_SKEW_MS = MS_PER_MINUTE

/** The rate is a promise for every second: what the last holder sent in its last one counts, and so do a few milliseconds on the way. */
export const HANDOVER_MS = 1_020

/** For how long a lease is held, by three clocks. */
export interface Span {
  /** Monotonic milliseconds: from then on the holder sends nothing. */
  until: number
  /** The same by its wall clock, epoch milliseconds: the monotonic clock stands still while a machine sleeps. */
  untilMs: number
  /** By everybody's wall clock, epoch milliseconds: from then on another may take it. */
  expiresAtMs: number
}

/** The span of a lease that is asked for now, by the holder's clocks. */
export function spanFrom(nowMs: number, monotonic: number, requestTimeoutMs: number): Span {
  const untilMs = nowMs + LEASE_MS
  return {
    until: monotonic + LEASE_MS,
    untilMs,
    expiresAtMs: untilMs + requestTimeoutMs + CLOCK_SKEW_MS,
  }
}
