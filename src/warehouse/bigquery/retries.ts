import pRetry from 'p-retry'
import { isTransient } from './failures.ts'

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 20_000
/** An outage that lasts longer is for the next scheduled run. */
const MAX_RETRY_MS = 120_000

export interface RetryOptions {
  /** Stops waiting; the call then throws its reason. */
  signal?: AbortSignal | undefined
  /** No further try begins after that long. */
  maxRetryMs?: number | undefined
  isRetryable?: (error: unknown) => boolean
}

/** Tries again what fails for a moment, with growing, jittered delays; throws the last failure as it was. */
export function withRetries<T>(work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, maxRetryMs = MAX_RETRY_MS, isRetryable = isTransient } = options
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: Math.min(FIRST_DELAY_MS, maxRetryMs),
    maxTimeout: LONGEST_DELAY_MS,
    factor: 2,
    randomize: true,
    maxRetryTime: maxRetryMs,
    shouldRetry: ({ error }) => isRetryable(error),
    ...(signal ? { signal } : {}),
  })
}
