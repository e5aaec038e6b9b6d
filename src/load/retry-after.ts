/** No server is waited for longer than this within a run: the next scheduled run is nearer. */
const LONGEST_RETRY_AFTER_MS = 10 * 60_000

/** A `Retry-After` header in milliseconds from now: seconds, or an HTTP date (RFC 9110, section 10.2.3). null when there is none to be read. */
export function parseRetryAfter(header: string | string[] | undefined, nowMs: number): number | null {
  const text = Array.isArray(header) ? header[0] : header
  if (text === undefined || text.trim() === '') return null
  const seconds = Number(text)
  const delayMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(delayMs) ? null : Math.min(Math.max(0, delayMs), LONGEST_RETRY_AFTER_MS)
}
