import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openTraces } from '../../src/cli/run-traces.ts'
import { manyPurchases, openShop, purchase, until } from '../end-to-end/shop.ts'
import { type Receiver, startReceiver } from './receiver.ts'

interface Attribute {
  key: string
  value: { stringValue?: string; intValue?: number | string; boolValue?: boolean }
}
interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attribute[]
  events: { name: string; attributes: Attribute[] }[]
  status: { code?: number; message?: string }
}
interface Export {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Span[] }[] }[]
}

const ERROR = 2

const valuesOf = (attributes: Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** What a collector has got, over OTLP/HTTP. */
function collected(receiver: Receiver) {
  const exports = receiver.received.map(({ body }) => JSON.parse(body) as Export)
  const resources = exports.flatMap(({ resourceSpans }) => resourceSpans)
  const spans = resources.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
  const named = (name: string) => spans.filter((span) => span.name === name)
  return { spans, named, resource: valuesOf(resources[0]!.resource.attributes) }
}

describe('the trace of a run', () => {
  it('is one, with the lease, the queries, the delivery and the batches of the audit under the run', async () => {
    const collector = await startReceiver()
    const shop = await openShop({
      purchases: manyPurchases(30, 5),
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    })
    const { summary } = await shop.run(0)
    expect(new Set(collector.received.map(({ target }) => target))).toEqual(new Set(['/v1/traces']))
    const { spans, named, resource } = collected(collector)
    const [run] = named('adjust-s2s run')
    expect(resource).toMatchObject({ 'service.name': 'adjust-s2s' })
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(valuesOf(run!.attributes)).toMatchObject({
      'adjust_s2s.run_id': summary.run_id,
      'adjust_s2s.shard': '0/1',
      'adjust_s2s.rows.delivered': 30,
      'process.exit.code': 0,
    })
    const parentOf = (name: string) => {
      const [span] = named(name)
      return spans.find(({ spanId }) => spanId === span!.parentSpanId)?.name
    }
    expect(parentOf('lease')).toBe('adjust-s2s run')
    expect(parentOf('update sql/lease-take.sql')).toBe('lease')
    expect(parentOf('deliver')).toBe('adjust-s2s run')
    expect(parentOf('query sql/extract.sql')).toBe('deliver')
    expect(parentOf('append s2s_audit')).toBe('deliver')
    expect(valuesOf(named('query sql/extract.sql')[0]!.attributes)).toEqual({
      'db.response.returned_rows': 30,
    })
    const audited = named('append s2s_audit').map(
      ({ attributes }) => valuesOf(attributes)['db.operation.batch.size'] as number,
    )
    expect(audited.reduce((sum, rows) => sum + rows, 0)).toBe(30)
    // Spans are of parts of the run, not of events.
    expect(spans.length).toBeLessThan(30)
    for (const span of spans)
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano))
  })

  it('carries no id of a transaction or a device', async () => {
    const collector = await startReceiver()
    const device = '3f2b1c4d-1111-4000-8000-123456789012'
    const shop = await openShop({
      purchases: [purchase('order-of-ana', { gps_adid: device })],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    })
    await shop.run(0)
    const bodies = collector.received.map(({ body }) => body).join()
    expect(bodies).toContain('append s2s_audit')
    expect(bodies).not.toMatch(/order-of-ana|3f2b1c4d/)
  })

  it('takes its name from the standard variables', async () => {
    const collector = await startReceiver()
    const shop = await openShop({
      env: {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/custom`,
        OTEL_SERVICE_NAME: 'shop-eu',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=production',
        OTEL_EXPORTER_OTLP_HEADERS: 'x-team=growth',
      },
    })
    await shop.run(0)
    expect(collector.received[0]).toMatchObject({ target: '/custom', headers: { 'x-team': 'growth' } })
    expect(collected(collector).resource).toMatchObject({
      'service.name': 'shop-eu',
      'deployment.environment.name': 'production',
    })
  })

  it('shows where a run failed, without the words that quote a row', async () => {
    const collector = await startReceiver()
    const shop = await openShop({
      purchases: [purchase('t1')],
      source:
        "SELECT * REPLACE (CAST('secret-' || transaction_id AS INTEGER)::VARCHAR AS user_agent) FROM purchases",
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    })
    const { code, stderr } = await shop.command('run')
    expect(code).toBe(2)
    expect(stderr).toContain("Could not convert string 'secret-t1'")
    expect(collector.received.map(({ body }) => body).join()).not.toContain('secret-t1')
    const { named } = collected(collector)
    const [failed] = named('query sql/extract.sql')
    expect(failed!.status).toEqual({ code: ERROR, message: 'TerminalError: the source SELECT fails' })
    expect(failed!.events.map(({ name }) => name)).toEqual(['exception'])
    expect(named('adjust-s2s run')[0]!.status.code).toBe(ERROR)
  })

  it('that nobody takes is one warning, and the run ends as it would have', async () => {
    const collector = await startReceiver()
    await collector.close()
    const shop = await openShop({
      purchases: [purchase('t1')],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    })
    const { stderr } = await shop.run(0)
    expect(stderr.match(/"WARNING"[^\n]*no traces/g)).toHaveLength(1)
  })

  it('that a collector refuses is one warning, however many batches it refuses', async () => {
    const collector = await startReceiver()
    collector.answer = () => 400
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url)
    onTestFinished(() => void vi.unstubAllEnvs())
    const warnings: string[] = []
    const traces = await openTraces((message) => warnings.push(message))
    for (let batch = 1; batch <= 3; batch++) {
      // So many make a batch, which leaves at once.
      for (let span = 0; span < 512; span++) await traces.trace('part', async () => {})
      await until(() => collector.received.length >= batch, `${batch} batches`)
    }
    await traces.end({}, null)
    expect(collector.received.length).toBeGreaterThan(3)
    expect(warnings).toEqual([expect.stringMatching(/^no traces: /)])
  })

  it.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])(
    'is not made where %j says so',
    async (off) => {
      const collector = await startReceiver()
      const shop = await openShop({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...off } })
      await shop.run(0)
      expect(collector.received).toEqual([])
    },
  )
})
