import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { TerminalError } from '../../src/domain/errors.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { event, send, start } from './sending.ts'

describe('starting a simulator', () => {
  it('takes any free port for port 0, on loopback only', async () => {
    const simulator = await start()
    expect(simulator.url).toBe(`http://127.0.0.1:${simulator.port}`)
    expect(simulator.port).toBeGreaterThan(0)
    expect((await send(simulator, event())).status).toBe(200)
  })

  it('says so when the port is in use', async () => {
    const { port } = await start()
    const second = startSimulator({ port, seed: 1 })
    await expect(second).rejects.toThrow(TerminalError)
    await expect(second).rejects.toMatchObject({
      message: `Port ${port} is in use.`,
      hint: expect.stringContaining('--port'),
      exitCode: 2,
    })
  })

  it('says so when there is no such port', async () => {
    const second = startSimulator({ port: 70_000, seed: 1 })
    await expect(second).rejects.toMatchObject({ name: 'TerminalError', exitCode: 2 })
  })

  it('refuses a world with a key that does not exist, also later', async () => {
    const simulator = await start()
    const world = { any_apps: true } as object
    expect(() => simulator.setWorld(world)).toThrow('world.any_apps: there is no such key.')
    await expect(startSimulator({ port: 0, seed: 1, world })).rejects.toThrow(TerminalError)
  })
})

describe('closing a simulator', () => {
  it('drops open connections at once and frees the port', async () => {
    const simulator = await start({ faults: { no_answer: 1 } })
    const silent = send(simulator, event()).catch((error: { code: string }) => error.code)
    const idle = connect(simulator.port, '127.0.0.1').resume()
    await expect.poll(() => simulator.truth().length).toBe(1)
    const startedAtMs = systemClock.monotonic()
    await simulator.close()
    expect(await silent).toMatch(/UND_ERR_SOCKET|ECONNRESET/)
    if (!idle.closed) await once(idle, 'close')
    expect(systemClock.monotonic() - startedAtMs).toBeLessThan(1_000)
    const next = await start({ port: simulator.port })
    expect((await send(next, event())).status).toBe(200)
  })

  it('calls off every timer', async () => {
    const pending = new Set<object>()
    const clock: Clock = {
      ...systemClock,
      after(delayMs, callback) {
        const cancel = systemClock.after(delayMs, callback)
        pending.add(cancel)
        return () => {
          pending.delete(cancel)
          cancel()
        }
      },
    }
    const refuse_connections = { every_ms: 600_000, for_ms: 1 }
    const simulator = await start({ clock, faults: { latency_ms: 600_000, refuse_connections } })
    const silent = send(simulator, event()).catch(() => 'dropped')
    await expect.poll(() => pending.size).toBe(2)
    await simulator.close()
    expect(await silent).toBe('dropped')
    expect(pending.size).toBe(0)
  })

  it('during a window of refused connections leaves nothing behind', async () => {
    const refuse_connections = { first_after_ms: 1, every_ms: 100, for_ms: 99 }
    const simulator = await start({ faults: { refuse_connections } })
    await expect
      .poll(() => send(simulator, event()).catch((error: { code: string }) => error.code))
      .toBe('ECONNREFUSED')
    await simulator.close()
    const next = await start({ port: simulator.port })
    expect((await send(next, event())).status).toBe(200)
  })
})
