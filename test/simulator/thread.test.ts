import { describe, expect, it, onTestFinished } from 'vitest'
import { SimulatorThread } from '../../src/simulator/thread.ts'

async function startThread(): Promise<SimulatorThread> {
  const thread = await SimulatorThread.start({ port: 0, seed: 1 })
  onTestFinished(() => thread.close())
  return thread
}

async function post(thread: SimulatorThread): Promise<number> {
  const body = `s2s=1&app_token=abcdefgh1234&event_token=abc123&environment=sandbox&created_at_unix=${Math.floor(Date.now() / 1000)}&adid=${'a'.repeat(32)}`
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return (await fetch(`${thread.url}/event`, { method: 'POST', headers, body })).status
}

describe('a simulator in a thread of its own', () => {
  it('answers and keeps its log like any other', async () => {
    const thread = await startThread()
    expect(await post(thread)).toBe(200)
    expect(await thread.summary()).toMatchObject({ requests: 1, counted: 1 })
  })

  it('can be told what goes wrong from now on', async () => {
    const thread = await startThread()
    await thread.setFaults({ internal_error: { requests: [2] } })
    expect(await post(thread)).toBe(200)
    expect(await post(thread)).toBe(500)
  })

  it('says what is wrong with its scenario', async () => {
    const start = SimulatorThread.start({ port: 0, seed: 1, world: { any_ap: true } as never })
    await expect(start).rejects.toThrow('any_ap')
  })
})
