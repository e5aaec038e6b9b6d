import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/domain/clock.ts'
import { APP, event, GPS_ADID, send, start } from './sending.ts'

const readLines = async (url: string) =>
  (await (await fetch(`${url}/__truth`)).text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe('the truth log', () => {
  it('holds a request with all that it said and what became of it', async () => {
    const simulator = await start()
    const before = systemClock.now()
    const parameters = event({
      revenue: '12.50',
      currency: 'EUR',
      created_at: undefined,
      created_at_unix: String(before),
      callback_params: '{"transaction_id":"t1"}',
    })
    await send(simulator, parameters)
    const [entry] = simulator.truth()
    const { created_at: _, ...sent } = parameters
    expect(entry).toEqual({
      sequence: 1,
      arrivedAtMs: expect.any(Number),
      method: 'POST',
      path: '/event',
      appToken: APP,
      eventToken: 'abc123',
      identifiers: { gps_adid: GPS_ADID },
      createdAtMs: before,
      createdAtReplaced: false,
      revenue: '12.50',
      currency: 'EUR',
      transactionId: 't1',
      parameters: sent,
      answer: { status: 200, message: 'OK' },
      fault: null,
      counted: true,
      violations: [],
    })
    expect(Math.abs(entry!.arrivedAtMs - systemClock.now())).toBeLessThan(2_000)
  })

  it('leaves parameters out when told so', async () => {
    const simulator = await start({ keepParameters: false })
    await send(simulator, event())
    expect(simulator.truth()).toMatchObject([{ parameters: null, identifiers: { gps_adid: GPS_ADID } }])
  })

  it('holds what is no HTTP', async () => {
    const simulator = await start()
    const socket = connect(simulator.port, '127.0.0.1')
    socket.end('nonsense\r\n\r\n')
    await expect.poll(() => simulator.truth()).toMatchObject([{ answer: { status: 400 }, counted: false }])
  })

  it('is served as JSON lines in arrival order, without the simulator’s own endpoints', async () => {
    const simulator = await start()
    for (const minutesAgo of [30, 20, 25]) await send(simulator, event({}, minutesAgo))
    const lines = await readLines(simulator.url)
    expect(lines).toEqual(simulator.truth())
    expect(lines.map(({ sequence, counted }) => [sequence, counted])).toEqual([
      [1, true],
      [2, true],
      [3, false],
    ])
    expect(await readLines(simulator.url)).toHaveLength(3)
  })

  it('is served whole when it is longer than a chunk', async () => {
    const simulator = await start()
    for (const _ of Array(600).keys()) await send(simulator, event())
    expect((await readLines(simulator.url)).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 600 }, (_, index) => index + 1),
    )
  })

  it('is summed up on request', async () => {
    const simulator = await start()
    await send(simulator, event({ callback_params: '{"transaction_id":"t1"}' }))
    await send(simulator, event({ revenue: '-1', environment: undefined }))
    const summary = await (await fetch(`${simulator.url}/__truth?summary=1`)).json()
    expect(summary).toEqual({
      requests: 2,
      counted: 1,
      countedTwice: [],
      outOfOrder: [],
      busiestSecond: { startMs: simulator.truth()[0]!.arrivedAtMs, requests: 2 },
      answers: [
        { status: 200, message: 'OK', count: 1 },
        { status: 400, message: 'Invalid revenue', count: 1 },
      ],
      faults: {},
      violations: { environment_missing: 1 },
    })
  })

  it('comes with a health check', async () => {
    const simulator = await start()
    const response = await fetch(`${simulator.url}/__health`)
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok', requests: 0 }])
  })
})
