import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyFolder, runCli, startCli } from './cli-process.ts'

/** Starts `simulate --json` and waits until it has said where it listens. */
async function startSimulate(args: string[] = []) {
  const { child, ended } = await startCli(['simulate', '--json', '--port', '0', ...args])
  const firstLine = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\n')) resolve(text.split('\n')[0]!)
    })
    child.on('close', () => reject(new Error('it ended before it said where it listens')))
  })
  const { url, seed } = JSON.parse(firstLine) as { url: string; seed: number }
  return { child, ended, url, seed }
}

async function sendEvent(url: string): Promise<number> {
  const parameters = {
    s2s: '1',
    app_token: 'abcdefghijkl',
    event_token: 'abc123',
    gps_adid: '6f9619ff-8b86-d011-b42d-00cf4fc964ff',
    environment: 'sandbox',
  }
  const response = await fetch(`${url}/event`, { method: 'POST', body: new URLSearchParams(parameters) })
  await response.text()
  return response.status
}

describe('simulate', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('serves until %s, then sums up what arrived', async (signal) => {
    const { child, ended, url, seed } = await startSimulate(['--seed', '7'])
    expect(seed).toBe(7)
    expect(await sendEvent(url)).toBe(200)
    child.kill(signal)
    const { code, stdout } = await ended
    expect(code).toBe(0)
    expect(JSON.parse(stdout.split('\n')[1]!)).toMatchObject({ requests: 1, counted: 1, counted_twice: [] })
  })

  it('draws a seed, and says which', async () => {
    const { child, ended, seed } = await startSimulate()
    expect(Number.isInteger(seed)).toBe(true)
    child.kill('SIGTERM')
    await ended
  })

  it('goes on when nobody reads its output, and ends as if nothing were wrong', async () => {
    const { child, ended } = await startCli(['simulate', '--port', '0'])
    child.stdout.destroy()
    const [text] = (await once(child.stderr, 'data')) as [string]
    expect(await sendEvent(/ADJUST_S2S_ADJUST_URL=([^;]+);/.exec(text)![1]!)).toBe(200)
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  it('takes a scenario', async () => {
    const scenario = path.join(await emptyFolder(), 'scenario.yaml')
    await writeFile(scenario, 'world: { apps: { abcdefghijkl: { status: inactive } } }\n')
    const { child, ended, url } = await startSimulate(['--faults', scenario])
    expect(await sendEvent(url)).toBe(403)
    child.kill('SIGTERM')
    await ended
  })

  it('fails when the port is in use', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { code, stderr } = await runCli(['simulate', '--port', String(port)])
    server.close()
    expect(code).toBe(2)
    expect(stderr).toContain(`Port ${port} is in use`)
    expect(stderr).toContain('--port')
  })

  it('fails when the scenario is missing', async () => {
    const { code, stderr } = await runCli(['simulate', '--port', '0', '--faults', 'nope.yaml'])
    expect(code).toBe(2)
    expect(stderr).toContain('nope.yaml')
  })
})
