import pRetry, { AbortError } from 'p-retry'
import { Agent, request } from 'undici'
import { VERSION } from '../version.ts'

export interface PostLimits {
  /** For one answer. */
  timeoutMs: number
  retryDelayMs: number
  /** For all tries together. */
  totalMs: number
}

/** A stumble is over by the third try, and what lasts longer is for the next run: a pod that is asked to stop has to be gone in time. */
export const LIMITS: PostLimits = { timeoutMs: 5_000, retryDelayMs: 500, totalMs: 12_000 }
const RETRIES = 2

export interface Post {
  url: URL
  body: string
  contentType: string
  /** Ends all tries, sooner than the limits would. */
  signal?: AbortSignal
  /** The path is a secret, which a server that refuses it may repeat: nothing that it says is told. */
  isPathSecret?: boolean
}

/**
 * Sends one report, over HTTP/1.1, within twelve seconds, three tries at most.
 *
 * @throws Error that names the server and never the path, which may be a secret; what a server says of a refusal, unless the path is one.
 */
export async function post(
  { url, body, contentType, signal: stop, isPathSecret = false }: Post,
  limits = LIMITS,
): Promise<void> {
  const dispatcher = new Agent({ allowH2: false })
  const total = AbortSignal.any([AbortSignal.timeout(limits.totalMs), ...(stop === undefined ? [] : [stop])])
  const target = new URL(url)
  const headers: Record<string, string> = {
    'content-type': contentType,
    'user-agent': `adjust-s2s/${VERSION}`,
  }
  if (url.username !== '') headers.authorization = basicAuthorization(target)
  try {
    const attempt = async () => {
      const signal = AbortSignal.any([total, AbortSignal.timeout(limits.timeoutMs)])
      const answer = await request(target, { method: 'POST', body, headers, dispatcher, signal })
      const words = await answer.body.text()
      if (answer.statusCode >= 300) throw refusal(answer.statusCode, isPathSecret ? '' : words)
    }
    await pRetry(attempt, { retries: RETRIES, minTimeout: limits.retryDelayMs, factor: 2, signal: total })
  } catch (error) {
    throw new Error(`${url.origin} ${whatWentWrong(error)}`)
  } finally {
    await dispatcher.destroy()
  }
}

/** undici wants user and password in a header. Takes them off the address. */
function basicAuthorization(url: URL): string {
  const text = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return `Basic ${Buffer.from(text).toString('base64')}`
}

/** A 404 stays a 404; a 429 or a 503 may pass. The first line is enough to see who speaks. */
function refusal(status: number, words: string): Error {
  const [line = ''] = words.trim().split('\n')
  const error = new Error(`answered ${status}${line === '' ? '' : ` "${line.slice(0, 120)}"`}`)
  return status === 429 || status >= 500 ? error : new AbortError(error)
}

function whatWentWrong(error: unknown): string {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError') return `did not answer in time`
  if (name === 'AbortError') return 'had not answered when the run was over'
  if (message.startsWith('answered ')) return message
  return `cannot be reached${typeof code === 'string' ? ` (${code})` : ''}`
}
