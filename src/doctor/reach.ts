import { Agent, request } from 'undici'
import type { Clock } from '../domain/clock.ts'
import { type ExpectedError, TerminalError, TransientError } from '../domain/errors.ts'
import { VERSION } from '../version.ts'

/** A server that answered, whatever it said. */
export interface Reached {
  status: number
  /** From the beginning of the connection to the answer. */
  latencyMs: number
  /** How far this machine's clock is ahead of the server's, by its Date header; null where it sends none. */
  aheadMs: number | null
}

/**
 * Asks for a page, so no event is made. Throws a TransientError when there is no answer, and a TerminalError when the certificate is not
 * to be trusted.
 */
export async function reach(url: string, clock: Clock, timeoutMs: number): Promise<Reached> {
  // As a run sends: directly, and over HTTP/1.1.
  const dispatcher = new Agent({ allowH2: false })
  const [sentAtMs, startedAt] = [clock.now(), clock.monotonic()]
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { 'user-agent': `adjust-s2s/${VERSION}`, 'cache-control': 'no-cache' },
    })
    const latencyMs = clock.monotonic() - startedAt
    await body.dump()
    return { status: statusCode, latencyMs, aheadMs: aheadOf(headers.date, sentAtMs + latencyMs / 2) }
  } catch (error) {
    throw explained(new URL(url), error, timeoutMs)
  } finally {
    await dispatcher.destroy()
  }
}

/** The header has whole seconds, so the server's clock stood half a second later, give or take that half. */
function aheadOf(date: string | string[] | undefined, nowMs: number): number | null {
  const serverMs = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(serverMs) ? null : nowMs - (serverMs + 500)
}

const TLS = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/

function explained(url: URL, cause: unknown, timeoutMs: number): unknown {
  const { code, name, message } = failureOf(cause)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  // Plain HTTP is for loopback alone.
  const openWay =
    url.protocol === 'http:'
      ? `Start what listens there, such as \`adjust-s2s simulate --port ${port}\`.`
      : `Let this machine connect to ${url.hostname}, port ${port}: a firewall or an egress rule. HTTPS_PROXY is not used.`
  const transient = (text: string, hint: string): ExpectedError => new TransientError(text, { hint, cause })
  if (name === 'TimeoutError') return transient(`${url.origin} did not answer in ${timeoutMs} ms`, openWay)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return transient(
      `the name ${url.hostname} cannot be resolved (${code})`,
      'Correct the address in the configuration, or the DNS of this machine.',
    )
  if (code === 'ECONNREFUSED') return transient(`nothing listens at ${url.origin} (${code})`, openWay)
  if (code !== undefined && TLS.test(code))
    return new TerminalError(`TLS with ${url.origin} fails: ${message} (${code})`, {
      hint: 'Something in between may show a certificate of its own: exclude this address from it, or name its authority in NODE_EXTRA_CA_CERTS.',
      cause,
    })
  if (code !== undefined) return transient(`${url.origin} cannot be reached: ${message} (${code})`, openWay)
  return cause
}

/** Where a name has several addresses, an AggregateError without a message carries one failure for each. */
function failureOf(error: unknown): { code: string | undefined; name: string; message: string } {
  const { code, name, message } = error as NodeJS.ErrnoException
  const first = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined
  return {
    code: typeof code === 'string' ? code : undefined,
    name,
    message: message || (first?.message ?? ''),
  }
}
