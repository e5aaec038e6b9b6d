import { once } from 'node:events'
import { connect } from 'node:net'

import { Pool } from 'undici'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/domain/clock.ts'
import type { FaultPlan } from '../../src/simulator/fault-plan.ts'
import { encode, event, movableClock, send, start } from './sending.ts'

const codeOf = (failed: Promise<unknown>) =>
  failed.then(
    () => 'answered',
    (error: { code?: string }) => error.code,
  )

describe('a fault with an answer', () => {
  it('429 carries Retry-After in seconds and does not count', async () => {
    const simulator = await start({ faults: { too_many_requests: { retry_after_seconds: 7 } } })
    const { status, headers } = await send(simulator, event())
    expect([status, headers['retry-after']]).toEqual([429, '7'])
    expect(simulator.truth()).toMatchObject([{ fault: 'too_many_requests', counted: false }])
  })

  it('429 carries Retry-After as a date, never earlier than told', async () => {
    const faults: FaultPlan = { too_many_requests: { retry_after_seconds: 30, retry_after_form: 'date' } }
    const { headers } = await send(await start({ faults }), event())
    const waitMs = Date.parse(String(headers['retry-after'])) - systemClock.now()
    expect(waitMs).toBeGreaterThan(29_000)
    expect(waitMs).toBeLessThan(31_001)
  })

  it('429 carries no Retry-After when told so', async () => {
    const simulator = await start({ faults: { too_many_requests: { retry_after_seconds: null } } })
    expect((await send(simulator, event())).headers).not.toHaveProperty('retry-after')
  })

  it('500 carries the documented JSON error and does not count', async () => {
    const simulator = await start({ faults: { internal_error: 1 } })
    const { status, body } = await send(simulator, event())
    expect(status).toBe(500)
    expect(JSON.parse(body)).toEqual({
      error: 'Event request failed (Internal error, contact support@adjust.com)',
    })
    expect(simulator.truth()).toMatchObject([{ fault: 'internal_error', counted: false }])
  })

  it.each([
    [1, true],
    [0, false],
  ])('a gateway page with a probability to count of %d', async (counted, expected) => {
    const simulator = await start({ faults: { gateway_error: { statuses: [503], counted } } })
    const reply = await send(simulator, event())
    expect(reply).toMatchObject({ status: 503, contentType: 'text/html' })
    expect(reply.body).toContain('<html>')
    expect(simulator.truth()).toMatchObject([{ fault: 'gateway_error', counted: expected }])
  })

  it('a gateway page never counts an event that is refused', async () => {
    const simulator = await start({ faults: { gateway_error: { counted: 1 } } })
    await send(simulator, event({ revenue: '-1' }))
    expect(simulator.summary().counted).toBe(0)
  })

  it.each([
    [1, true],
    [0, false],
  ])('a garbage body with a probability to count of %d', async (counted, expected) => {
    const simulator = await start({ faults: { garbage_body: { counted } } })
    const { status, body } = await send(simulator, event())
    expect(status).toBe(200)
    expect(body).not.toMatch(/\bOK\b|status/)
    expect(simulator.truth()).toMatchObject([{ fault: 'garbage_body', counted: expected }])
  })
})

describe('a fault of the connection', () => {
  it('resets before the request is read, and knows which event that was', async () => {
    const simulator = await start({ faults: { reset_before_reading: 1 } })
    const sent = send(simulator, event({ callback_params: '{"transaction_id":"t1"}' }))
    expect(await codeOf(sent)).toBe('ECONNRESET')
    const [entry] = simulator.truth()
    expect(entry).toMatchObject({ transactionId: 't1', fault: 'reset_before_reading' })
    expect(entry).toMatchObject({ counted: false, answer: null })
  })

  it('resets while a long body is still on its way', async () => {
    const simulator = await start({ faults: { reset_before_reading: 1 } })
    const socket = connect(simulator.port, '127.0.0.1')
    socket.write('POST /event HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\ns2s=1')
    const [error] = await once(socket, 'error')
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect(simulator.summary().counted).toBe(0)
  })

  it('resets after the event is counted', async () => {
    const simulator = await start({ faults: { reset_after_accepting: 1 } })
    expect(await codeOf(send(simulator, event()))).toBe('ECONNRESET')
    expect(simulator.truth()).toMatchObject([{ fault: 'reset_after_accepting', counted: true, answer: null }])
  })

  it.each([
    [1, true],
    [0, false],
  ])('never answers, with a probability to count of %d', async (counted, expected) => {
    const simulator = await start({ faults: { no_answer: { counted } } })
    expect(await codeOf(send(simulator, event(), { timeoutMs: 1 }))).toBe('UND_ERR_HEADERS_TIMEOUT')
    expect(simulator.truth()).toMatchObject([{ fault: 'no_answer', counted: expected, answer: null }])
  })
})

describe('a slow fault', () => {
  it('answers late', async () => {
    const simulator = await start({ faults: { slow_answer: { delay_ms: 80 } } })
    const startedAtMs = systemClock.monotonic()
    expect(await send(simulator, event())).toMatchObject({ status: 200, body: 'OK' })
    expect(systemClock.monotonic() - startedAtMs).toBeGreaterThan(75)
    expect(simulator.truth()).toMatchObject([{ fault: 'slow_answer', counted: true }])
  })

  it('sends the body byte by byte', async () => {
    const simulator = await start({ faults: { slow_body: { byte_every_ms: 40 } } })
    const startedAtMs = systemClock.monotonic()
    expect(await send(simulator, event())).toMatchObject({ status: 200, body: 'OK' })
    expect(systemClock.monotonic() - startedAtMs).toBeGreaterThan(75)
  })

  it.each([
    ['fixed', 50],
    ['uniform', { min: 50, max: 60 }],
    ['log-normal', { median: 50, p99: 50 }],
  ])('adds latency that is %s', async (_what, latency_ms) => {
    const simulator = await start({ faults: { latency_ms } })
    const startedAtMs = systemClock.monotonic()
    await send(simulator, event())
    expect(systemClock.monotonic() - startedAtMs).toBeGreaterThan(45)
  })

  it('notes a sender that hung up before a late answer', async () => {
    const simulator = await start({ faults: { latency_ms: 600_000 } })
    const socket = connect(simulator.port, '127.0.0.1')
    socket.write(`GET /event?${encode(event())} HTTP/1.1\r\nhost: a\r\n\r\n`)
    await expect.poll(() => simulator.truth().length).toBe(1)
    socket.destroy()
    await expect.poll(() => simulator.truth()[0]!.fault).toBe('client_gone')
    expect(simulator.truth()).toMatchObject([{ counted: true }])
  })

  it('notes a sender that hung up in the middle of its body, and does not count', async () => {
    const simulator = await start()
    const socket = connect(simulator.port, '127.0.0.1')
    socket.write('POST /event HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\ns2s=1')
    await expect.poll(() => simulator.truth().length).toBe(1)
    socket.destroy()
    await expect.poll(() => simulator.truth()[0]!.fault).toBe('client_gone')
    expect(simulator.summary().counted).toBe(0)
  })
})

describe('refused connections', () => {
  it('are refused by the system, and taken again after the window', async () => {
    const refuse_connections = { first_after_ms: 1, every_ms: 60_000, for_ms: 1_000 }
    const simulator = await start({ faults: { refuse_connections } })
    const codes = async () => codeOf(send(simulator, event()))
    await expect.poll(codes).toBe('ECONNREFUSED')
    await expect.poll(codes, { timeout: 5_000 }).toBe('answered')
    expect(simulator.truth().every(({ counted }) => counted)).toBe(true)
  })

  it('let an open connection answer once more and then close', async () => {
    const simulator = await start()
    const pool = new Pool(simulator.url, { connections: 1 })
    const ask = () => pool.request({ path: `/event?${encode(event())}`, method: 'GET' })
    expect((await ask()).headers.connection).toBe('keep-alive')
    simulator.setFaults({ refuse_connections: { first_after_ms: 1, every_ms: 60_000, for_ms: 50_000 } })
    await expect.poll(() => codeOf(send(simulator, event()))).toBe('ECONNREFUSED')
    const last = await ask()
    expect([last.statusCode, last.headers.connection]).toEqual([200, 'close'])
    await last.body.dump()
    expect(await codeOf(ask())).toBe('ECONNREFUSED')
    await pool.destroy()
  })

  it('close idle connections when told to, but not one that waits for its answer', async () => {
    const simulator = await start({ faults: { latency_ms: 200 } })
    const idle = connect(simulator.port, '127.0.0.1')
    const busy = send(simulator, event())
    await expect.poll(() => simulator.truth().length).toBe(1)
    const closing = { first_after_ms: 1, every_ms: 60_000, for_ms: 50_000, close_idle: true }
    simulator.setFaults({ refuse_connections: closing })
    await once(idle.resume(), 'close')
    expect((await busy).status).toBe(200)
  })

  it('end when the plan is replaced', async () => {
    const refuse_connections = { first_after_ms: 1, every_ms: 60_000, for_ms: 50_000 }
    const simulator = await start({ faults: { refuse_connections } })
    await expect.poll(() => codeOf(send(simulator, event()))).toBe('ECONNREFUSED')
    simulator.setFaults({})
    await expect.poll(() => codeOf(send(simulator, event()))).toBe('answered')
  })
})

describe('a fault plan', () => {
  it('can strike only the first requests, or those with certain numbers', async () => {
    const faults: FaultPlan = {
      too_many_requests: { first: 2 },
      internal_error: { requests: [4] },
    }
    const simulator = await start({ faults })
    const statuses: number[] = []
    for (const _ of Array(5).keys()) statuses.push((await send(simulator, event())).status)
    expect(statuses).toEqual([429, 429, 200, 500, 200])
  })

  it('can strike for a span of time', async () => {
    const clock = movableClock()
    const simulator = await start({ clock, faults: { internal_error: { from_ms: 60_000, to_ms: 120_000 } } })
    const statuses: number[] = []
    for (const _ of Array(3).keys()) {
      statuses.push((await send(simulator, event())).status)
      clock.forward(60_000)
    }
    expect(statuses).toEqual([200, 500, 200])
  })

  it('counts from when it was set', async () => {
    const simulator = await start()
    await send(simulator, event())
    simulator.setFaults({ internal_error: { first: 1 } })
    expect((await send(simulator, event())).status).toBe(500)
    expect((await send(simulator, event())).status).toBe(200)
  })

  it('gives the same faults for the same seed, and others for another', async () => {
    const struck = async (seed: number) => {
      const simulator = await start({ seed, faults: { internal_error: 0.3, too_many_requests: 0.3 } })
      for (const _ of Array(40).keys()) await send(simulator, event())
      return simulator.truth().map(({ fault }) => fault)
    }
    const first = await struck(42)
    expect(await struck(42)).toEqual(first)
    expect(await struck(43)).not.toEqual(first)
  })
})
