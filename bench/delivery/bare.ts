import { join } from 'node:path'
import { Client, Pool, request } from 'undici'
import type { Prepare } from '../frame/benchmark.ts'
import { runScript, stopScript } from '../frame/script.ts'
import type { PurchasesFile } from './purchases.ts'
import type { Sink } from './sink.ts'

/** Sends some bodies again and again: no order, no journal, no audit, nobody who reads an answer. */
type Loop = (url: string, bodies: readonly string[], count: number) => Promise<void>

const CONNECTIONS = 64
const DIFFERENT_BODIES = 4_000
const PATH = '/event'
const HEADERS = {
  'user-agent': 'adjust-s2s/0.1.0',
  authorization: 'Bearer bench',
  'content-type': 'application/x-www-form-urlencoded',
}

/** As fast as undici is: one `Client` a connection, a handler that does nothing. */
export const bareDispatch: Prepare = sending(async (url, bodies, count) => {
  const turns = new Turns(bodies, count)
  const clients = Array.from({ length: CONNECTIONS }, () => new Client(url, { pipelining: 1 }))
  await Promise.all(clients.map((client) => dispatchAll(client, turns)))
  await Promise.all(clients.map((client) => client.destroy()))
})

/** As undici's documentation has it. */
export const bareRequest: Prepare = sending(async (url, bodies, count) => {
  const turns = new Turns(bodies, count)
  const dispatcher = new Pool(url, { connections: CONNECTIONS })
  const slots = Array.from({ length: CONNECTIONS }, async () => {
    for (let body = turns.next(); body !== null; body = turns.next()) {
      const answer = await request(url + PATH, { dispatcher, method: 'POST', headers: HEADERS, body })
      checkStatus(answer.statusCode)
      await answer.body.dump()
    }
  })
  await Promise.all(slots)
  await dispatcher.destroy()
})

function sending(loop: Loop): Prepare {
  return async (rows, fixtures) => {
    const [{ path }, { url }] = fixtures as [PurchasesFile, Sink]
    const bodies = await encodedBodies(path, Math.min(rows, DIFFERENT_BODIES))
    return {
      async work() {
        await loop(url, bodies, rows)
        return rows
      },
      async close() {},
    }
  }
}

/** In a process of its own: DuckDB's memory is not that of the loop. */
export async function encodedBodies(path: string, count: number): Promise<string[]> {
  const script = await runScript<string[]>(join(import.meta.dirname, 'bodies.ts'), [path, String(count)])
  await stopScript(script)
  return script.message
}

/** Hands out bodies round by round. */
class Turns {
  readonly #bodies: readonly string[]
  readonly #count: number
  #taken = 0

  constructor(bodies: readonly string[], count: number) {
    this.#bodies = bodies
    this.#count = count
  }

  next(): string | null {
    return this.#taken === this.#count ? null : this.#bodies[this.#taken++ % this.#bodies.length]!
  }
}

function dispatchAll(client: Client, turns: Turns): Promise<void> {
  return new Promise((resolve, reject) => {
    const handler = {
      onRequestStart() {},
      onResponseStart: (_: unknown, status: number) => checkStatus(status),
      onResponseData() {},
      onResponseEnd: next,
      onResponseError: (_: unknown, error: Error) => reject(error),
    }
    function next(): void {
      const body = turns.next()
      if (body === null) return resolve()
      client.dispatch({ method: 'POST', path: PATH, headers: HEADERS, body }, handler)
    }
    next()
  })
}

function checkStatus(status: number): void {
  if (status !== 200) throw new Error(`the sink answered ${status}`)
}
