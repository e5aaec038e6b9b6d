import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/domain/clock.ts'
import type { Answer } from '../../src/load/answer.ts'
import { HttpTransport, type HttpTransportOptions } from '../../src/load/http-transport.ts'
import type { OutgoingRequest } from '../../src/load/transport.ts'

const VALUES = { s2s: '1', note: 'a+b & c=%20 "é😀"\nnew line', created_at: '2026-01-02T15:04:05.000+0000' }
const QUERY = Object.entries(VALUES)
  .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  .join('&')

interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An HTTP server that keeps what it sees and answers as it is told to. */
async function httpServer(answer: (response: ServerResponse, seen: Seen, number: number) => void) {
  const seen: Seen[] = []
  const server = createHttpServer(async (request, response) => {
    const body = await text(request)
    const one = { method: request.method!, url: request.url!, headers: request.headers, body }
    seen.push(one)
    answer(response, one, seen.length)
  })
  const url = await listen(server)
  onTestFinished(() => void server.close().closeAllConnections())
  return { url, seen, server }
}

/** A bare TCP server; `onConnection` does with the connection what it likes. */
async function tcpServer(onConnection: (socket: Socket) => void) {
  const sockets: Socket[] = []
  const server = createNetServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  const url = await listen(server)
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url, server, sockets }
}

/** A server that answers whatever this thread does meanwhile. */
async function serverInThread(): Promise<string> {
  const code = `const { createServer } = require('node:http')
    const server = createServer((request, response) => request.resume().on('end', () => response.end('OK')))
    server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port))`
  const worker = new Worker(code, { eval: true })
  onTestFinished(() => void worker.terminate())
  const [port] = await once(worker, 'message')
  return `http://127.0.0.1:${port}`
}

function transportTo(url: string, options: Partial<HttpTransportOptions> = {}): HttpTransport {
  const transport = new HttpTransport({
    url,
    requestStyle: 'post_body',
    timeoutMs: 5_000,
    userAgent: 'adjust-s2s/test',
    clock: systemClock,
    ...options,
  })
  onTestFinished(() => transport.close())
  return transport
}

function sendWith(
  transport: HttpTransport,
  request: Partial<OutgoingRequest> = {},
  mayStart = () => true,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answers = 0
    let starts = 0
    const onStart = () => {
      if (++starts > 1) reject(new Error('it started twice'))
    }
    const onAnswer = (answer: Answer) => {
      if (++answers > 1) reject(new Error('it called back twice'))
      if (starts === 0 && answer.kind !== 'not_sent') reject(new Error(`${answer.kind} without a start`))
      if (starts > 0 && answer.kind === 'not_sent') reject(new Error('not sent after its start'))
      resolve(answer)
    }
    const callbacks = { mayStart, onStart, onAnswer }
    transport.send({ path: '/event', query: QUERY, token: null, ...request }, callbacks)
  })
}

const ok = (response: ServerResponse) => void response.end('OK')
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK'

describe('a request that is taken back before its first byte', () => {
  it('never reaches the server, on a new connection or an open one, and the next one does', async () => {
    const { url, seen } = await httpServer(ok)
    const transport = transportTo(url)
    const takenBack = { kind: 'not_sent', message: expect.stringContaining('taken back') }
    expect(await sendWith(transport, {}, () => false)).toEqual(takenBack)
    expect(await sendWith(transport)).toMatchObject({ kind: 'answered' })
    expect(await sendWith(transport, {}, () => false)).toEqual(takenBack)
    expect(await sendWith(transport)).toMatchObject({ kind: 'answered' })
    expect(seen).toHaveLength(2)
  })

  it('is answered after send has returned', async () => {
    const { url } = await httpServer(ok)
    const transport = transportTo(url)
    await sendWith(transport)
    // The open connection is free again in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    let returned = false
    const order = new Promise<boolean>((resolve) => {
      const onAnswer = () => resolve(returned)
      const callbacks = { mayStart: () => false, onStart: () => {}, onAnswer }
      transport.send({ path: '/event', query: QUERY, token: null }, callbacks)
      returned = true
    })
    expect(await order).toBe(true)
  })
})

describe('a request as the server sees it', () => {
  it('is a form in the body by default', async () => {
    const { url, seen } = await httpServer(ok)
    expect(await sendWith(transportTo(url))).toEqual({
      kind: 'answered',
      status: 200,
      retryAfterMs: null,
      body: 'OK',
    })
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/event' })
    expect(seen[0]!.headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(Object.fromEntries(new URLSearchParams(seen[0]!.body))).toEqual(VALUES)
  })

  it.each(['get', 'post_url'] as const)('is all in the URL as %s, with no body', async (requestStyle) => {
    const { url, seen } = await httpServer(ok)
    await sendWith(transportTo(url, { requestStyle }))
    const { method, url: path, body, headers } = seen[0]!
    expect([method, body]).toEqual([requestStyle === 'get' ? 'GET' : 'POST', ''])
    expect(path).toBe(`/event?${QUERY}`)
    expect(Object.fromEntries(new URL(path, url).searchParams)).toEqual(VALUES)
    expect(headers['content-length'] ?? '0').toBe('0')
  })

  it('carries the token of its app, and no header without one', async () => {
    const { url, seen } = await httpServer(ok)
    const transport = transportTo(url)
    await sendWith(transport, { token: 's3cret' })
    await sendWith(transport)
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer s3cret', undefined])
    expect(seen[0]!.headers['user-agent']).toBe('adjust-s2s/test')
  })

  it('goes below the path of the configured URL, with or without a slash at its end', async () => {
    const { url, seen } = await httpServer(ok)
    await sendWith(transportTo(`${url}/proxy/adjust/`))
    await sendWith(transportTo(`${url}/proxy`, { requestStyle: 'get' }), { path: '/session', query: 'a=1' })
    expect(seen.map((one) => one.url)).toEqual(['/proxy/adjust/event', '/proxy/session?a=1'])
  })

  it('uses connections again, and never more of them than it needs', async () => {
    const { url, server } = await httpServer(ok)
    let connections = 0
    server.on('connection', () => connections++)
    const transport = transportTo(url)
    for (let request = 0; request < 20; request++) await sendWith(transport)
    expect(connections).toBeLessThanOrEqual(2)
    await Promise.all(Array.from({ length: 8 }, () => sendWith(transport)))
    expect(connections).toBeLessThanOrEqual(9)
  })

  it('is answered after send has returned', async () => {
    const { url } = await httpServer(ok)
    const transport = transportTo(url)
    let returned = false
    const order = new Promise<boolean>((resolve) => {
      const onAnswer = () => resolve(returned)
      const callbacks = { mayStart: () => true, onStart: () => {}, onAnswer }
      transport.send({ path: '/event', query: QUERY, token: null }, callbacks)
      returned = true
    })
    expect(await order).toBe(true)
  })

  it('that cannot be put on the wire is a bug and not a connection that failed', async () => {
    const { url, seen } = await httpServer(ok)
    expect(() =>
      transportTo(url).send(
        { path: '/event', query: 'a=1', token: 'new\nline' },
        { mayStart: () => true, onStart: () => {}, onAnswer: () => {} },
      ),
    ).toThrow(/header/)
    expect(seen).toEqual([])
  })
})

describe('an answer', () => {
  it('keeps its status, its words and its Retry-After', async () => {
    const { url } = await httpServer((response) => {
      response.writeHead(429, { 'retry-after': '3' }).end('Too Many Requests')
    })
    expect(await sendWith(transportTo(url))).toEqual({
      kind: 'answered',
      status: 429,
      retryAfterMs: 3_000,
      body: 'Too Many Requests',
    })
  })

  it('that is longer than anybody wants to read is cut, and the connection stays good', async () => {
    const { url } = await httpServer((response, _, number) => {
      if (number === 1) response.writeHead(502).end('x'.repeat(300_000))
      else ok(response)
    })
    const transport = transportTo(url)
    const long = await sendWith(transport)
    expect(long).toMatchObject({ kind: 'answered', status: 502, body: 'x'.repeat(16_384) })
    expect(await sendWith(transport)).toMatchObject({ body: 'OK' })
  })

  it('that is a redirect is not followed', async () => {
    const { url, seen } = await httpServer((response) => {
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    expect(await sendWith(transportTo(url))).toMatchObject({ kind: 'answered', status: 307 })
    expect(seen).toHaveLength(1)
  })
})

describe('nothing was sent', () => {
  it('when the connection is refused', async () => {
    const { url, server } = await tcpServer(() => {})
    server.close()
    await once(server, 'close')
    expect(await sendWith(transportTo(url))).toMatchObject({
      kind: 'not_sent',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('when the name cannot be resolved', async () => {
    expect(await sendWith(transportTo('http://nothing.invalid'))).toMatchObject({ kind: 'not_sent' })
  })

  it('when TLS fails before the first byte', async () => {
    const { url } = await tcpServer((socket) => void socket.end('this is no TLS\r\n'))
    const answer = await sendWith(transportTo(url.replace('http:', 'https:')))
    expect(answer.kind).toBe('not_sent')
  })

  it('when the connection hangs while it is made; and nothing leaves afterwards', async () => {
    // The server takes the connection, but its TLS never answers.
    let received = ''
    const { url } = await tcpServer((socket) => {
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1')
      })
    })
    const transport = transportTo(url.replace('http:', 'https:'), { timeoutMs: 300 })
    const startedAt = performance.now()
    expect(await sendWith(transport)).toMatchObject({ kind: 'not_sent' })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(received).not.toContain('event')
    // A fresh connection is made for the next one.
    expect(await sendWith(transport)).toMatchObject({ kind: 'not_sent' })
  })
})

describe('whether it was counted is unknown', () => {
  it('when the connection is reset before the server has read anything', async () => {
    const { url } = await tcpServer((socket) => {
      socket.once('readable', () => socket.resetAndDestroy())
    })
    expect((await sendWith(transportTo(url))).kind).toBe('lost')
  })

  it('when the connection is reset after the server has read the request', async () => {
    const { url, seen } = await httpServer((response) => void response.socket!.resetAndDestroy())
    expect((await sendWith(transportTo(url))).kind).toBe('lost')
    expect(seen).toHaveLength(1)
  })

  it('when the connection is closed instead of an answer', async () => {
    const { url } = await httpServer((response) => void response.socket!.end())
    expect((await sendWith(transportTo(url))).kind).toBe('lost')
  })

  it('when the answer breaks off in its middle, and the status is kept for people', async () => {
    const { url } = await httpServer((response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setImmediate(() => response.socket!.resetAndDestroy())
    })
    const answer = await sendWith(transportTo(url))
    expect(answer).toMatchObject({ kind: 'lost', message: expect.stringContaining('HTTP 200, then') })
  })

  it('when the answer is no HTTP', async () => {
    const { url } = await tcpServer(
      (socket) => void socket.on('data', () => socket.end('SSH-2.0-server\r\n')),
    )
    expect((await sendWith(transportTo(url))).kind).toBe('lost')
  })

  it('when no answer comes within the time-out', async () => {
    const { url } = await httpServer(() => {})
    const startedAt = performance.now()
    const answer = await sendWith(transportTo(url, { timeoutMs: 250 }))
    expect(answer).toEqual({ kind: 'timed_out', message: 'no whole answer within 250 ms' })
    const tookMs = performance.now() - startedAt
    expect(tookMs).toBeGreaterThanOrEqual(249)
    expect(tookMs).toBeLessThan(1_500)
  })

  it('when the answer drips so slowly that it is not whole within the time-out', async () => {
    const { url } = await httpServer((response) => {
      response.writeHead(200, { 'content-length': '1000' })
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const startedAt = performance.now()
    expect((await sendWith(transportTo(url, { timeoutMs: 300 }))).kind).toBe('timed_out')
    expect(performance.now() - startedAt).toBeLessThan(1_500)
  })

  it('for each of many requests, at the time-out of each', async () => {
    const { url } = await httpServer(
      (response, { body }) => void (body.endsWith('silent') || response.end('OK')),
    )
    const transport = transportTo(url, { timeoutMs: 300 })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        sendWith(transport, { query: index % 2 === 0 ? 'silent' : 'a=1' }),
      ),
    )
    expect(answers.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'timed_out' : 'answered')),
    )
    expect((await sendWith(transport, { query: 'a=1' })).kind).toBe('answered')
  })

  it('for a request that began earlier, and not for one that still has time', async () => {
    const { url } = await httpServer((response, { body }) => {
      if (body === 'late') setTimeout(() => response.end('OK'), 250)
    })
    const transport = transportTo(url, { timeoutMs: 400 })
    const first = sendWith(transport, { query: 'silent' })
    const second = new Promise((resolve) => setTimeout(resolve, 250)).then(() =>
      sendWith(transport, { query: 'late' }),
    )
    expect((await first).kind).toBe('timed_out')
    expect((await second).kind).toBe('answered')
  })

  it('but not for an answer that came while the process was paused', async () => {
    const transport = transportTo(await serverInThread(), { timeoutMs: 200 })
    const answer = await new Promise<Answer>((resolve) =>
      transport.send(
        { path: '/event', query: 'a=1', token: null },
        {
          mayStart: () => true,
          // As a process that is stopped, or whose machine is, once its request is written: for longer than the time-out.
          onStart: () =>
            process.nextTick(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)),
          onAnswer: resolve,
        },
      ),
    )
    expect(answer.kind).toBe('answered')
  })

  it('when the transport is closed in the middle', async () => {
    const { url, seen, server } = await httpServer(() => {})
    const transport = transportTo(url)
    const answer = sendWith(transport)
    await once(server, 'request')
    await transport.close()
    expect((await answer).kind).toBe('lost')
    expect(seen).toHaveLength(1)
  })
})

describe('a request is never sent twice', () => {
  it('over many resets, before and after reading, and while other requests succeed', async () => {
    const { url, seen } = await httpServer((response, _, number) => {
      if (number % 3 === 0) response.socket!.resetAndDestroy()
      else if (number % 3 === 1) response.socket!.end()
      else ok(response)
    })
    const transport = transportTo(url)
    const sent = 300
    let next = 0
    const answers: Answer[] = []
    const worker = async () => {
      while (next < sent) answers.push(await sendWith(transport, { query: `n=${next++}` }))
    }
    await Promise.all(Array.from({ length: 10 }, worker))
    expect(answers).toHaveLength(sent)
    const bodies = seen.map(({ body }) => body)
    expect(new Set(bodies).size).toBe(bodies.length)
    expect(answers.filter(({ kind }) => kind === 'answered')).toHaveLength(Math.floor((sent + 1) / 3))
  })

  it.each(['get', 'post_body'] as const)(
    'as %s when a server closes every connection after one answer',
    async (requestStyle) => {
      const received: string[] = []
      const { url } = await tcpServer((socket) => {
        socket.on('data', (chunk) => {
          received.push(/n=\d+/.exec(chunk.toString())![0])
          // No `connection: close`: the sender has to notice for itself.
          socket.end(OK)
        })
      })
      const transport = transportTo(url, { requestStyle })
      const kinds: string[] = []
      for (let request = 0; request < 50; request++) {
        kinds.push((await sendWith(transport, { query: `n=${request}` })).kind)
      }
      expect(received).toEqual(Array.from({ length: 50 }, (_, request) => `n=${request}`))
      expect(kinds).toEqual(received.map(() => 'answered'))
    },
  )

  it('when the server says goodbye with `connection: close` and takes the next request on another connection', async () => {
    const { url, seen } = await httpServer((response) => {
      response.setHeader('connection', 'close')
      ok(response)
    })
    const transport = transportTo(url)
    for (let request = 0; request < 30; request++) {
      expect((await sendWith(transport, { query: `n=${request}` })).kind).toBe('answered')
    }
    expect(seen).toHaveLength(30)
  })
})
