import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { openShop } from '../end-to-end/shop.ts'
import { startReceiver } from './receiver.ts'

/** Writes down which modules a process finds. */
const WRITE_DOWN = `
import { registerHooks } from 'node:module'
import { appendFileSync } from 'node:fs'
registerHooks({ resolve(name, context, next) {
  const found = next(name, context)
  appendFileSync(process.env.FOUND, found.url + '\\n')
  return found
} })`
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(WRITE_DOWN)}`

/** Packages that a run loads, by name. */
async function packagesOf(env: Record<string, string>, ...flags: string[]): Promise<Set<string>> {
  const shop = await openShop()
  const traced = await openShop({ env: { ...env, NODE_OPTIONS, FOUND: shop.path('found') } })
  await traced.run(0, ...flags)
  const found = await readFile(shop.path('found'), 'utf8')
  return new Set([...found.matchAll(/node_modules\/((?:@[^/\n]+\/)?[^/\n]+)/g)].map(([, name]) => name!))
}

const isMonitoring = (name: string) => /^(@opentelemetry\/|prom-client|tdigest)/.test(name)

describe('a run that nobody watches', () => {
  it('loads neither OpenTelemetry nor the client of Prometheus', async () => {
    const packages = [...(await packagesOf({}))]
    expect(packages).toContain('undici')
    expect(packages.filter(isMonitoring)).toEqual([])
  })

  it('loads them when it is asked for traces and metrics, so the test above would see them', async () => {
    const { url } = await startReceiver()
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url }
    const packages = await packagesOf(env, '--metrics-file', 'm.prom')
    expect([...packages].filter(isMonitoring)).toEqual(
      expect.arrayContaining([
        '@opentelemetry/sdk-trace',
        '@opentelemetry/exporter-trace-otlp-http',
        'prom-client',
      ]),
    )
  })
})
