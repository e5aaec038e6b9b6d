import { Gauge, Registry } from 'prom-client'
import type { Samples } from './measure.ts'
import { fullName, METRIC_NAMES, METRICS, type MetricName, survives } from './metrics.ts'

/** What a metric without a value becomes: it is left out, or it is said that nobody knows. */
export type Unknown = 'absent' | 'NaN'

/** The text format that Prometheus reads. */
export async function expose(samples: Samples, shard: string, unknown: Unknown): Promise<string> {
  const registry = new Registry()
  registry.setDefaultLabels({ shard })
  for (const name of METRIC_NAMES) register(registry, name, samples, unknown)
  return `${(await registry.metrics()).trimEnd()}\n`
}

function register(registry: Registry, name: MetricName, samples: Samples, unknown: Unknown): void {
  const values = samples.get(name) ?? []
  const isUnknown = values.length === 0
  // What survives must not be overwritten by "nobody knows".
  if (isUnknown && (unknown === 'absent' || survives(name))) return
  const { help, labels } = METRICS[name]
  const gauge = new Gauge<string>({
    name: fullName(name),
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  if (isUnknown) gauge.set(Number.NaN)
  for (const { labels: texts, value } of values) gauge.set(texts, value)
}
