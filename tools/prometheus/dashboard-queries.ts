import { readFileSync } from 'node:fs'

export interface DashboardQuery {
  panel: string
  /** PromQL, with Grafana's variables in it. */
  query: string
}

interface Panel {
  title: string
  targets: { expr: string }[]
}

/** What the panels of `k8s/dashboard.json` ask Prometheus. */
export function dashboardQueries(): DashboardQuery[] {
  const file = new URL('../../k8s/dashboard.json', import.meta.url)
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: Panel[] }
  return panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ panel: title, query: expr })))
}

/** The query as Prometheus gets it when every job and every shard is chosen. */
export function withAllChosen(query: string): string {
  return query.replaceAll(/\$(job|shard)\b/g, '.*')
}
