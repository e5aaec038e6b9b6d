import pRetry from 'p-retry'
import { systemClock } from '../../domain/clock.ts'
import { type ApiFailure, GRPC, isTransient } from './failures.ts'

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 20_000
/** An outage that lasts longer is for the next scheduled run. */
const MAX_RETRY_MS = 120_000
/** For each call of a program that is to end. */
export const HURRIED_MS = 10_000

export interface RetryOptions {
  /** Stops waiting for the next try, and throws its reason. What is being tried looks at the signal itself. */
  signal?: AbortSignal | undefined
  /** No further try begins after that long. */
  maxRetryMs?: number | undefined
  /** Aborts when the program is to end soon. */
  hurry?: AbortSignal | undefined
  isRetryable?: (error: unknown) => boolean
  /** Told before each wait, so that nobody looks at a program that says nothing. */
  onRetry?: ((error: Error, delayMs: number) => void) | undefined
}

/**
 * Tries again what fails for a moment, with growing, jittered delays; throws the last failure as it was.
 *
 * Once somebody waits for the program to end (`hurry`), each call has ten more seconds, whatever it is doing: Kubernetes kills what has
 * not ended in its grace period. What became of an append that is given up so is not known; the journal keeps its rows.
 */
export async function withRetries<T>(work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { hurry } = options
  if (hurry === undefined) return tryAgain(work, options)
  let failure: unknown = null
  const limit = hurriedLimit(hurry, () => failure ?? noTimeLeft())
  const noted = () =>
    work().catch((error: unknown) => {
      failure = error
      throw error
    })
  const signal = options.signal ? AbortSignal.any([options.signal, limit.signal]) : limit.signal
  return untilAborted(tryAgain(noted, { ...options, signal }), limit.signal).finally(limit.release)
}

/** Aborts so long after the hurry has begun, or after now if that is later, with what `reason` says by then. */
function hurriedLimit(
  hurry: AbortSignal,
  reason: () => unknown,
): { signal: AbortSignal; release: () => void } {
  const limit = new AbortController()
  let cancel = () => {}
  const begin = () => {
    cancel = systemClock.after(HURRIED_MS, () => limit.abort(reason()))
  }
  if (hurry.aborted) begin()
  else hurry.addEventListener('abort', begin)
  const release = () => {
    cancel()
    hurry.removeEventListener('abort', begin)
  }
  return { signal: limit.signal, release }
}

function noTimeLeft(): ApiFailure {
  return Object.assign(new Error(`no answer within ${HURRIED_MS / 1000} s, and the program is to end`), {
    code: GRPC.deadlineExceeded,
  })
}

function tryAgain<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, maxRetryMs = MAX_RETRY_MS, isRetryable = isTransient, onRetry } = options
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: Math.min(FIRST_DELAY_MS, maxRetryMs),
    maxTimeout: LONGEST_DELAY_MS,
    factor: 2,
    randomize: true,
    maxRetryTime: maxRetryMs,
    shouldRetry: ({ error, retryDelay }) => {
      const isRetried = isRetryable(error)
      if (isRetried) onRetry?.(error, retryDelay)
      return isRetried
    },
    ...(signal ? { signal } : {}),
  })
}

/** Waits no longer than until the signal: what is under way goes on, and nobody looks at what becomes of it. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Throws a failure that may be tried again when the answer takes too long, or the signal's reason. */
export async function inTime<T>(
  work: Promise<T>,
  timeoutMs: number,
  what: string,
  signal?: AbortSignal,
): Promise<T> {
  const late = AbortSignal.timeout(timeoutMs)
  try {
    return await untilAborted(work, signal ? AbortSignal.any([late, signal]) : late)
  } catch (error) {
    if (error !== late.reason || signal?.aborted) throw error
    throw Object.assign(new Error(`${what} did not come within ${timeoutMs / 1000} s`), {
      code: GRPC.deadlineExceeded,
    })
  }
}
