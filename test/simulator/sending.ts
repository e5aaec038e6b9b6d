import { Agent, request } from 'undici'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts'

export const APP = 'abcdefghijkl'
export const GPS_ADID = '3f2b1c4d-0000-4000-8000-00000000000a'
export const IDFA = '3F2B1C4D-0000-4000-8000-00000000000B'

const DAY_MS = 86_400_000

/** A simulator that is closed when the test ends. */
export async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await startSimulator({ port: 0, seed: 1, ...options })
  onTestFinished(() => simulator.close())
  return simulator
}

export interface Reply {
  status: number
  contentType: string
  body: string
  headers: Record<string, string | string[] | undefined>
}

export interface SendOptions {
  path?: string
  style?: 'post_body' | 'post_url' | 'get'
  bearer?: string
  timeoutMs?: number
}

type Fields = Record<string, string | undefined>

/** A good event, created so many minutes ago, with changes; a parameter that is `undefined` is left out. */
export function event(changes: Fields = {}, minutesAgo = 60): Fields {
  return {
    s2s: '1',
    app_token: APP,
    event_token: 'abc123',
    gps_adid: GPS_ADID,
    environment: 'sandbox',
    created_at: createdAt(minutesAgo),
    ...changes,
  }
}

export function createdAt(minutesAgo: number): string {
  const instant = new Date(systemClock.now() - minutesAgo * 60_000)
  return instant.toISOString().replace('Z', '+0000')
}

export const daysAgo = (days: number) => createdAt((days * DAY_MS) / 60_000)

export function encode(parameters: Fields): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  return given.map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join('&')
}

/** Sends one request on a connection of its own. */
export async function send(
  { url }: Simulator,
  parameters: Fields | string,
  options: SendOptions = {},
): Promise<Reply> {
  const form = typeof parameters === 'string' ? parameters : encode(parameters)
  const { path = '/event', style = 'post_body', bearer, timeoutMs = 5_000 } = options
  const inBody = style === 'post_body'
  const agent = new Agent({ headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
  const response = await request(inBody ? url + path : `${url}${path}?${form}`, {
    dispatcher: agent,
    method: style === 'get' ? 'GET' : 'POST',
    body: inBody ? form : null,
    headers: {
      ...(inBody ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
    },
  }).finally(() => void agent.close())
  const { statusCode, headers, body } = response
  return {
    status: statusCode,
    contentType: String(headers['content-type']),
    body: await body.text(),
    headers,
  }
}

/** `400 Bad event state`: status and message of a reply in the documented form. */
export async function answerTo(...sent: Parameters<typeof send>): Promise<string> {
  const { status, body } = await send(...sent)
  return `${status} ${/\((.*)\)/.exec(body)?.[1] ?? body}`
}

/** The system's clock, which a test can put forward. */
export function movableClock(): Clock & { forward(ms: number): void } {
  let aheadMs = 0
  return {
    now: () => systemClock.now() + aheadMs,
    monotonic: () => systemClock.monotonic() + aheadMs,
    after: systemClock.after,
    forward(ms) {
      aheadMs += ms
    },
  }
}
