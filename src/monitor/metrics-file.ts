import { readFile } from 'node:fs/promises'
import { writeWholeFile } from '../whole-file.ts'
import type { Samples } from './measure.ts'
import { fullName, METRIC_NAMES, survives } from './metrics.ts'

/** node-exporter runs as another user. */
const READABLE_BY_ALL = 0o644

/** While it is written it does not end with .prom, so node-exporter does not read it. */
export function writeMetricsFile(file: string, text: string): Promise<void> {
  return writeWholeFile(file, text, READABLE_BY_ALL)
}

/** What the file of an earlier run says of metrics that survive a run that fails. One that is missing or damaged says nothing. */
export async function readSurvivors(file: string): Promise<Samples> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const survivors: Samples = new Map()
  for (const name of METRIC_NAMES.filter(survives)) {
    const value = numberIn(fullName(name), text)
    if (value !== null) survivors.set(name, [{ labels: {}, value }])
  }
  return survivors
}

function numberIn(name: string, text: string): number | null {
  const line = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)
  const value = Number(line?.[1] ?? Number.NaN)
  return Number.isFinite(value) ? value : null
}
