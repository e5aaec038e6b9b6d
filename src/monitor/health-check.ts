import { systemClock } from '../domain/clock.ts'
import { LIMITS, type PostLimits, post } from './post.ts'

/** What a ping of the start that is under way still gets when the run is over, so that a short run is not the end of it. */
const START_GRACE_MS = 1_000

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Said of an address that is not used. It is not repeated: it may hold a secret. */
const NOT_USED =
  'HEALTHCHECK_URL is not an https:// address (http:// for loopback alone), so nobody is told of this run'

/**
 * Tells a dead man's switch of the run, by the convention of healthchecks.io: `<url>/start`, then `<url>/<exit code>`, or `<url>/log`
 * for what is neither good nor bad. Nothing that goes wrong here reaches the run; `onTrouble` hears of it.
 */
export class HealthCheck {
  readonly #url: URL | null
  readonly #onTrouble: (message: string) => void
  readonly #limits: PostLimits
  readonly #startGraceMs: number
  readonly #over = new AbortController()
  #started: Promise<void> = Promise.resolve()

  constructor(
    url: string,
    onTrouble: (message: string) => void,
    limits: PostLimits = LIMITS,
    startGraceMs = START_GRACE_MS,
  ) {
    this.#url = safeUrl(url)
    this.#limits = limits
    this.#startGraceMs = startGraceMs
    this.#onTrouble = onTrouble
    if (this.#url === null) onTrouble(NOT_USED)
  }

  /** Returns at once; the run goes on meanwhile. */
  start(): void {
    this.#started = this.#ping('start', '', this.#over.signal)
  }

  /**
   * Resolves when the ping has arrived, or has failed for good, within the time for one report. It never overtakes that of the start, which
   * is given up for it after a moment.
   */
  async end(word: number | 'log', body: string): Promise<void> {
    const total = AbortSignal.timeout(this.#limits.totalMs)
    const cancel = systemClock.after(this.#startGraceMs, () => this.#over.abort())
    await this.#started.finally(cancel)
    await this.#ping(String(word), body, total)
  }

  async #ping(word: string, body: string, signal: AbortSignal): Promise<void> {
    if (this.#url === null) return
    try {
      const contentType = 'text/plain; charset=utf-8'
      await post({ url: below(this.#url, word), body, contentType, signal, isPathSecret: true }, this.#limits)
    } catch (error) {
      this.#onTrouble(`the health check was not told (${word}): ${(error as Error).message}`)
    }
  }
}

/** Plain HTTP would show the secret in the path to everybody on the way. */
function safeUrl(text: string): URL | null {
  const url = URL.parse(text)
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  return isSafe ? url : null
}

/** `https://hc.example/uuid?create=1` and `start` are `https://hc.example/uuid/start?create=1`. */
function below(url: URL, word: string): URL {
  const longer = new URL(url)
  longer.pathname = `${url.pathname.replace(/\/+$/, '')}/${word}`
  return longer
}
