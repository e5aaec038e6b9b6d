import type { Random } from '../domain/clock.ts'

const FIRST_BACKOFF_MS = 250
const LONGEST_BACKOFF_MS = 30_000
/** Retries allowed per answered request, beside a small stock: a fifth more load is the most that trouble may cause. */
const RETRIES_PER_REQUEST = 0.2
const INITIAL_RETRIES = 50
const SAVED_RETRIES_MAX = 1_000

/** Full jitter: anywhere between nothing and the doubled ceiling, but not before the server's `Retry-After`. Milliseconds. */
export function backoffMs(attempt: number, retryAfterMs: number | null, random: Random): number {
  const ceilingMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1))
  return Math.max(retryAfterMs ?? 0, random() * ceilingMs)
}

/** A budget for retries, earned by requests: when most fail, retrying each would only add to the other side's trouble. */
export class RetryQuota {
  #left = INITIAL_RETRIES

  earn(): void {
    this.#left = Math.min(SAVED_RETRIES_MAX, this.#left + RETRIES_PER_REQUEST)
  }

  spend(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
