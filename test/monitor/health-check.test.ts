import { describe, expect, it } from 'vitest'
import { HealthCheck } from '../../src/monitor/health-check.ts'
import { post } from '../../src/monitor/post.ts'
import { startReceiver } from './receiver.ts'

const SECRET = '0123abcd-secret'
const HASTY = { timeoutMs: 300, retryDelayMs: 5, totalMs: 2_000 }

/** A health check, and what it complains of. */
function checkAt(url: string) {
  const troubles: string[] = []
  const check = new HealthCheck(url, (message) => troubles.push(message), HASTY)
  return { check, troubles }
}

describe('a health check', () => {
  it('is told of the start and of the end, in this order, with a body', async () => {
    const receiver = await startReceiver()
    const { check, troubles } = checkAt(`${receiver.url}/${SECRET}`)
    check.start()
    await check.end(75, 'read 3\n')
    expect(receiver.received.map(({ method, target }) => `${method} ${target}`)).toEqual([
      `POST /${SECRET}/start`,
      `POST /${SECRET}/75`,
    ])
    expect(receiver.received[1]!.body).toBe('read 3\n')
    expect(troubles).toEqual([])
  })

  it('hears of the end only when it has heard of the start, or the start has been given up for the end', async () => {
    const receiver = await startReceiver()
    receiver.answer = ({ target }) => (target.endsWith('/start') ? null : 200)
    const troubles: string[] = []
    const patient = { timeoutMs: 60_000, retryDelayMs: 5, totalMs: 60_000 }
    const check = new HealthCheck(
      `${receiver.url}/${SECRET}`,
      (message) => troubles.push(message),
      patient,
      50,
    )
    check.start()
    await check.end(0, '')
    expect(receiver.received.map(({ target }) => target.slice(SECRET.length + 2))).toEqual(['start', '0'])
    expect(troubles).toEqual([
      `the health check was not told (start): ${receiver.url} had not answered when the run was over`,
    ])
  })

  it('takes no longer for the end than for one report, a start that is not answered included', async () => {
    const receiver = await startReceiver()
    receiver.answer = () => null
    const troubles: string[] = []
    // The grace of the start alone is longer than all there is, so nothing is left for the ping of the end.
    const limits = { timeoutMs: 60_000, retryDelayMs: 5, totalMs: 20 }
    const check = new HealthCheck(
      `${receiver.url}/${SECRET}`,
      (message) => troubles.push(message),
      limits,
      40,
    )
    check.start()
    await check.end(0, '')
    expect(troubles.map((text) => text.replace(/:.*/, ''))).toEqual([
      'the health check was not told (start)',
      'the health check was not told (0)',
    ])
  })

  it('keeps the query of its address, and does not double a slash', async () => {
    const receiver = await startReceiver()
    const { check } = checkAt(`${receiver.url}/ping/key/slug/?create=1&a=b%20c`)
    await check.end('log', '')
    expect(receiver.received.map(({ target }) => target)).toEqual(['/ping/key/slug/log?create=1&a=b%20c'])
  })

  it('is asked again when it stumbles', async () => {
    const receiver = await startReceiver()
    receiver.answer = () => (receiver.received.length < 3 ? 503 : 200)
    const { check, troubles } = checkAt(`${receiver.url}/${SECRET}`)
    await check.end(0, '')
    expect(receiver.received).toHaveLength(3)
    expect(troubles).toEqual([])
  })

  it('that does not know us is not asked again, and the trouble does not tell the secret', async () => {
    const receiver = await startReceiver()
    receiver.answer = () => 404
    receiver.words = ({ target }) => `Cannot POST ${target}`
    const { check, troubles } = checkAt(`${receiver.url}/${SECRET}`)
    await check.end(0, '')
    expect(receiver.received).toHaveLength(1)
    expect(troubles).toEqual([`the health check was not told (0): ${receiver.url} answered 404`])
  })

  it('that is away costs a trouble for the start and one for the end, and nothing is thrown', async () => {
    const receiver = await startReceiver()
    await receiver.close()
    const { check, troubles } = checkAt(`${receiver.url}/${SECRET}`)
    check.start()
    await check.end(1, '')
    expect(troubles).toEqual([
      `the health check was not told (start): ${receiver.url} cannot be reached (ECONNREFUSED)`,
      `the health check was not told (1): ${receiver.url} cannot be reached (ECONNREFUSED)`,
    ])
  })

  it('that never answers is given up when the time for all tries is over, however long one may take', async () => {
    const receiver = await startReceiver()
    receiver.answer = () => null
    const target = { url: new URL(receiver.url), body: '', contentType: 'text/plain' }
    const limits = { timeoutMs: 60_000, retryDelayMs: 5, totalMs: 50 }
    await expect(post(target, limits)).rejects.toThrow(`${receiver.url} did not answer in time`)
    expect(receiver.received).toHaveLength(1)
  })

  it('that never answers is given up, within seconds', async () => {
    const receiver = await startReceiver()
    receiver.answer = () => null
    const { check, troubles } = checkAt(`${receiver.url}/${SECRET}`)
    await check.end(0, '')
    expect(troubles).toEqual([`the health check was not told (0): ${receiver.url} did not answer in time`])
  })

  it.each(['http://hc.example.com/key', 'ftp://127.0.0.1/key', 'hc-ping.com/key'])(
    'at %s is not used: everybody on the way would read its key',
    async (url) => {
      const { check, troubles } = checkAt(url)
      check.start()
      await check.end(0, '')
      expect(troubles).toHaveLength(1)
      expect(troubles[0]).not.toContain('key')
    },
  )
})
