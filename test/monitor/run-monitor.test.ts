import { afterEach, describe, expect, it, vi } from 'vitest'
import type { CommandContext } from '../../src/cli/command.ts'
import { RunMonitor } from '../../src/cli/run-monitor.ts'
import type { Config } from '../../src/config.ts'
import type { Log } from '../../src/log.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'

const CONFIG = {
  delivery: { maxAgeDays: 58, inDoubtHoldHours: 24 },
  metrics: { file: '', pushgatewayUrl: '' },
} as Config

/** The monitor of a run with metrics that has its configuration, and what it warns of. */
async function monitorOf(signal = new AbortController().signal) {
  const warnings: string[] = []
  const log = { warn: (message: string) => warnings.push(message) } as unknown as Log
  const context = { createLog: async () => log } as unknown as CommandContext
  const monitor = await RunMonitor.begin({ shard: null, metricsFile: 'm.prom' }, context, signal)
  await monitor.configured(CONFIG, 'run-1', log)
  return { monitor, warnings }
}

/** A warehouse that is away: a query waits until it is called off. */
function deadWarehouse() {
  const asked: string[] = []
  const query: Warehouse['query'] = async function* (sql, options) {
    asked.push(sql)
    const signal = options!.signal!
    signal.throwIfAborted()
    yield await new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  }
  return { warehouse: { query } as Warehouse, asked }
}

afterEach(() => void vi.unstubAllEnvs())

describe('the question of what is open', () => {
  it('is given up after a while, with a warning', async () => {
    const { monitor, warnings } = await monitorOf()
    const { warehouse, asked } = deadWarehouse()
    await monitor.look(warehouse, 5)
    expect(asked).toHaveLength(1)
    expect(warnings).toEqual([expect.stringContaining('the metrics do not say what is open')])
  })

  it('is not asked by a run that is to stop', async () => {
    const { monitor, warnings } = await monitorOf(AbortSignal.abort())
    const { warehouse, asked } = deadWarehouse()
    await monitor.look(warehouse, 5)
    expect(asked).toEqual([])
    expect(warnings).toEqual([])
  })
})

describe('an address of a collector that is none', () => {
  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:geheim@[bad'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'user:geheim@collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://user:geheim@collector:4317'],
  ])('is one warning without the address: %s=%s', async (name, address) => {
    vi.stubEnv(name, address)
    const { warnings } = await monitorOf()
    expect(warnings).toEqual([`no traces: ${name} is neither an http:// nor an https:// address`])
  })

  it('is none of a run that makes no traces', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://[bad')
    vi.stubEnv('OTEL_SDK_DISABLED', 'true')
    expect((await monitorOf()).warnings).toEqual([])
  })
})

describe('OpenTelemetry that does not start', () => {
  afterEach(() => void vi.doUnmock('../../src/monitor/traces.ts'))

  it('is a warning in our own words, and the run goes on', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:9')
    vi.doMock('../../src/monitor/traces.ts', () => ({
      openTraces: () => {
        throw new RangeError('geheim')
      },
    }))
    const { warnings } = await monitorOf()
    expect(warnings).toEqual(['no traces: OpenTelemetry does not start (RangeError)'])
  })
})
