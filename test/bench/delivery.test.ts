import { hash } from 'node:crypto'
import { request } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Arrivals } from '../../bench/delivery/arrivals.ts'
import { encodedBodies } from '../../bench/delivery/bare.ts'
import { FailingDevices } from '../../bench/delivery/failing-devices.ts'
import { type PurchasesFile, purchasesOf } from '../../bench/delivery/purchases.ts'
import { RequestReader } from '../../bench/delivery/request-reader.ts'
import { FAST_SINK, nodeSink, type Sink, sinkStatistics } from '../../bench/delivery/sink.ts'
import type { Fixture } from '../../bench/frame/benchmark.ts'
import { runScript, stopScript } from '../../bench/frame/script.ts'

async function started<T>({ script, args }: Fixture, rows = 0): Promise<T> {
  const running = await runScript<T>(script, [...args(rows)])
  onTestFinished(() => stopScript(running))
  return running.message
}

async function post({ url }: Sink, body: string): Promise<[number, string]> {
  const answer = await request(`${url}/event`, { method: 'POST', body })
  return [answer.statusCode, await answer.body.text()]
}

const OK = [200, '{"status":"OK"}']

describe('the sinks', () => {
  it('say OK to an event, the fastest as the one that counts', async () => {
    for (const sink of [FAST_SINK, nodeSink({})]) {
      const running = await started<Sink>(sink)
      expect(await post(running, 's2s=1')).toEqual(OK)
      expect(await post(running, `s2s=1&${'x'.repeat(100_000)}`)).toEqual(OK)
    }
  })

  it('answer after their latency and say what was in flight', async () => {
    const sink = await started<Sink>(nodeSink({ latencyMs: 100 }))
    const begin = performance.now()
    await Promise.all(Array.from({ length: 20 }, () => post(sink, 's2s=1')))
    expect(performance.now() - begin).toBeGreaterThanOrEqual(99)
    expect(await sinkStatistics(sink)).toMatchObject({ requests: 20, peakInFlight: 20, busiestSecond: 20 })
    expect(await sinkStatistics(sink)).toMatchObject({ requests: 0, peakInFlight: 0, busiestSecond: 0 })
  })

  it('refuse the first two requests of a device that is to fail, in the words of Adjust', async () => {
    const sink = await started<Sink>(nodeSink({ failingShare: 1 }))
    const answers = []
    for (let attempt = 0; attempt < 3; attempt++)
      answers.push(await post(sink, `s2s=1&adid=${'a'.repeat(32)}`))
    const failure = [500, '{"error":"Event request failed (Internal error, contact support@adjust.com)"}']
    expect(answers).toEqual([failure, failure, OK])
  })
})

describe('what a sink counts', () => {
  it('finds the busiest second wherever it begins, and the mean in flight', () => {
    const arrivals = new Arrivals()
    for (const nowMs of [0, 900, 950, 1_800]) {
      arrivals.arrived(nowMs)
      arrivals.answered(nowMs + 50)
    }
    const statistics = arrivals.take()
    expect(statistics).toMatchObject({ requests: 4, seconds: 1.8, busiestSecond: 3, peakInFlight: 1 })
    expect(statistics.meanInFlight).toBeCloseTo(200 / 1_850)
  })

  it('cuts requests from bytes that come in any pieces', () => {
    const bytes = Buffer.from(
      'POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nhost: c\r\n\r\nPOST /d HTTP/1.1\r\ncontent-length:0\r\n\r\n',
    )
    for (let size = 1; size <= bytes.length; size++) {
      const found: string[] = []
      const reader = new RequestReader((head, body) => found.push(`${head.split(' ')[1]} ${body}`))
      for (let from = 0; from < bytes.length; from += size) reader.push(bytes.subarray(from, from + size))
      expect(found).toEqual(['/a abc', '/b ', '/d '])
    }
  })

  it('fails about the share of devices that it is told, the same ones after it was told to forget', () => {
    const failing = new FailingDevices(0.1)
    const bodies = Array.from({ length: 1_000 }, (_, device) => {
      return Buffer.from(`s2s=1&gps_adid=000000&adid=${hash('md5', `${device}`)}`)
    })
    const failed = () => bodies.filter((body) => failing.fails(body))
    const first = failed()
    expect(first.length).toBeGreaterThan(80)
    expect(first.length).toBeLessThan(120)
    expect(failed()).toEqual(first)
    expect(failed()).toEqual([])
    failing.forget()
    expect(failed()).toEqual(first)
  })
})

describe('the purchases', () => {
  it('come from as many devices as are asked for, and all of them are encoded', async () => {
    for (const devices of [1, 1_500, 6_000]) {
      const { path } = await started<PurchasesFile>(
        purchasesOf(() => devices),
        6_000,
      )
      const bodies = await encodedBodies(path, 6_000)
      expect(bodies).toHaveLength(6_000)
      expect(new Set(bodies.map((body) => /&adid=([^&]+)/.exec(body)![1])).size).toBe(devices)
      expect(bodies[0]).toContain('created_at=')
    }
  })
})
