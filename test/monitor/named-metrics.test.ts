import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { describeMetrics } from '../../src/monitor/measure.ts'
import { dashboardQueries, withAllChosen } from '../../tools/prometheus/dashboard-queries.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Rule {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: Record<string, string>
}

const RULES = (
  parse(read('k8s/alerts.yaml')) as { spec: { groups: { rules: Rule[] }[] } }
).spec.groups.flatMap(({ rules }) => rules)
const ALERTS = [
  'AdjustS2sNoSuccess',
  'AdjustS2sOldestWaiting',
  'AdjustS2sRejections',
  'AdjustS2sInDoubt',
  'AdjustS2sCredentialsRefused',
  'AdjustS2sLag',
  'AdjustS2sMetricsStale',
]

const METRICS = new Map(describeMetrics().map((metric) => [metric.name, metric]))
/** What the scrape and the Prometheus server add. */
const ADDED_LABELS = ['shard', 'job']

/** Names and labels in a query (or a sentence) that no metric has. */
function unknownIn(query: string): string[] {
  const metrics = [...query.matchAll(/\b(adjust_s2s_\w+)(?:\{([^}]*)\})?/g)]
  return metrics.flatMap(([, name, matchers = '']) => {
    const metric = METRICS.get(name!)
    if (metric === undefined) return [name!]
    const labels = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!)
    return labels
      .filter((label) => ![...metric.labels, ...ADDED_LABELS].includes(label))
      .map((label) => `${name}{${label}}`)
  })
}

describe('the alerts', () => {
  it('are those that the runbook speaks of, each with its place there', () => {
    expect([...new Set(RULES.map(({ alert }) => alert))]).toEqual(ALERTS)
    const runbook = read('docs/runbook.md')
    for (const { alert, annotations } of RULES) {
      expect(annotations.runbook_url).toMatch(new RegExp(`docs/runbook\\.md#${alert.toLowerCase()}$`))
      expect(runbook).toMatch(new RegExp(`^#+ ${alert}$`, 'm'))
    }
  })

  it.each(RULES.map((rule) => [`${rule.alert}: ${rule.expr}`, rule] as const))(
    '%s asks for metrics that there are, and says what it is about',
    (_, { expr, labels, annotations }) => {
      expect(unknownIn(expr)).toEqual([])
      expect(unknownIn(Object.values(annotations).join(' '))).toEqual([])
      expect(['warning', 'critical']).toContain(labels.severity)
      expect(Object.keys(annotations).sort()).toEqual(['description', 'runbook_url', 'summary'])
    },
  )

  it('are each tried by promtool, to fire and not to fire', () => {
    const { tests } = parse(read('k8s/alerts.test.yaml')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[]
    }
    const tries = tests.flatMap(({ alert_rule_test }) => alert_rule_test)
    for (const alert of ALERTS) {
      const own = tries
        .filter(({ alertname }) => alertname === alert)
        .map(({ exp_alerts }) => exp_alerts.length)
      expect(Math.min(...own), alert).toBe(0)
      expect(Math.max(...own), alert).toBeGreaterThan(0)
    }
  })
})

describe('the dashboard', () => {
  it.each(dashboardQueries())('$panel asks for metrics that there are: $query', ({ query }) => {
    const asked = withAllChosen(query)
    expect(asked).toContain('adjust_s2s_')
    expect(unknownIn(asked)).toEqual([])
    expect(asked).not.toContain('$')
  })

  it('can be imported anywhere: no data source of its own, panels that do not overlap', () => {
    const dashboard = JSON.parse(read('k8s/dashboard.json')) as {
      templating: { list: { name: string; type: string }[] }
      panels: { id: number; datasource: object; gridPos: { x: number; y: number; w: number; h: number } }[]
    }
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' })
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)}/${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24)
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    for (const { datasource } of dashboard.panels)
      expect(datasource).toEqual({ type: 'prometheus', uid: '$' + '{datasource}' })
  })
})

describe('docs/monitoring.md', () => {
  const page = read('docs/monitoring.md')

  it('lists every metric with its labels and its help, and none that there is not', () => {
    const rows = [...page.matchAll(/^\| `(adjust_s2s_\w+)` \| (.*?) \| (.*) \|$/gm)].map(
      ([, name, labels, help]) => ({ name, labels: labels === '' ? [] : labels!.split(', '), help }),
    )
    expect(rows).toEqual(
      describeMetrics().map(({ name, labels, help }) => ({
        name,
        labels: labels.map((label) => `\`${label}\``),
        help,
      })),
    )
    expect(unknownIn(page)).toEqual([])
  })

  it('lists every alert', () => {
    for (const alert of ALERTS) expect(page).toContain(`| [${alert}](runbook.md#${alert.toLowerCase()}) |`)
  })
})
