/** The series of a text in Prometheus's format, in the order of their labels: `adjust_s2s_open_rows{shard="0/1",status="deferred"}` and its value. */
export function parseMetrics(text: string): Record<string, number> {
  const series = [...text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? (\S+)$/gm)]
  return Object.fromEntries(
    series.map(([, name, labels = '', value]) => [seriesName(name!, labels), numberOf(value!)]),
  )
}

function seriesName(name: string, labels: string): string {
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([pair]) => pair).sort()
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`
}

const numberOf = (text: string) => (text.toLowerCase() === 'nan' ? Number.NaN : Number(text))

/** The same, by name without prefix and without the label of the only shard. */
export function metricsOf(text: string): Record<string, number> {
  const entries = Object.entries(parseMetrics(text)).map(([series, value]) => [
    series
      .replace(/^adjust_s2s_/, '')
      .replace(/,?shard="0\/1"/, '')
      .replace('{,', '{')
      .replace('{}', ''),
    value,
  ])
  return Object.fromEntries(entries)
}
