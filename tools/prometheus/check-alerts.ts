import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { dashboardQueries, withAllChosen } from './dashboard-queries.ts'
import { sampleMetrics } from './sample-metrics.ts'

/**
 * Has promtool check the alerts (syntax, and `k8s/alerts.test.yaml`), the queries of the dashboard, and the text of the metrics. A
 * PrometheusRule wraps what promtool reads, so that is taken out into a folder of its own.
 */
const K8S = new URL('../../k8s/', import.meta.url)

function promtool(what: string, args: string[], input?: string): boolean {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  })
  if (error)
    throw new Error(
      `promtool cannot be started (${error.message}): it comes with Prometheus (apt-get install prometheus).`,
    )
  process.stdout.write(`${what}: ${status === 0 ? 'ok' : 'FAILED'}\n`)
  if (status !== 0) process.stdout.write(`${stdout}${stderr}`)
  return status === 0
}

/** The only form in which promtool looks at a query. */
function asRules() {
  const rules = dashboardQueries().map(({ query }, index) => ({
    record: `dashboard:query_${index}`,
    expr: withAllChosen(query),
  }))
  return { groups: [{ name: 'dashboard', rules }] }
}

const folder = mkdtempSync(join(tmpdir(), 'adjust-s2s-alerts-'))
try {
  const { spec } = parse(readFileSync(new URL('alerts.yaml', K8S), 'utf8')) as { spec: unknown }
  writeFileSync(join(folder, 'alerts.rules.yaml'), stringify(spec))
  writeFileSync(join(folder, 'alerts.test.yaml'), readFileSync(new URL('alerts.test.yaml', K8S)))
  writeFileSync(join(folder, 'dashboard.rules.yaml'), stringify(asRules()))
  const results = [
    promtool('rules', ['check', 'rules', join(folder, 'alerts.rules.yaml')]),
    promtool('tests of the rules', ['test', 'rules', join(folder, 'alerts.test.yaml')]),
    promtool('queries of the dashboard', ['check', 'rules', join(folder, 'dashboard.rules.yaml')]),
    promtool('metrics', ['check', 'metrics'], await sampleMetrics()),
  ]
  process.exitCode = results.every(Boolean) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
