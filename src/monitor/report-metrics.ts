import { expose } from './exposition.ts'
import { type EndedRun, measure } from './measure.ts'
import { readSurvivors, writeMetricsFile } from './metrics-file.ts'
import { push } from './pushgateway.ts'

/** Where metrics go; null: not there. */
export interface MetricsTargets {
  file: string | null
  pushgatewayUrl: string | null
}

/**
 * Leaves the metrics of a run where Prometheus finds them. In a file, what is not known is absent; a Pushgateway would keep the value
 * of an earlier run, so there it is NaN, which no rule finds large or small. Never throws: `onTrouble` hears of it.
 */
export async function reportMetrics(
  facts: EndedRun,
  { file, pushgatewayUrl }: MetricsTargets,
  onTrouble: (message: string) => void,
): Promise<void> {
  const { shard } = facts
  const samples = measure(facts)
  const toFile = async (path: string) => {
    const all = new Map([...(await readSurvivors(path)), ...samples])
    await writeMetricsFile(path, await expose(all, shard, 'absent'))
  }
  const toGateway = async (url: string) => push(url, shard, await expose(samples, shard, 'NaN'))
  const troubleAt = (place: string) => (error: unknown) =>
    onTrouble(`no metrics ${place}: ${(error as Error).message}`)
  await Promise.all([
    file === null ? null : toFile(file).catch(troubleAt(`in ${file}`)),
    pushgatewayUrl === null ? null : toGateway(pushgatewayUrl).catch(troubleAt('at the Pushgateway')),
  ])
}
