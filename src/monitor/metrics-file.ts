import { open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Samples } from './measure.ts'
import { fullName, METRIC_NAMES, survives } from './metrics.ts'

/** node-exporter runs as another user. */
const READABLE_BY_ALL = 0o644

/** Writes the file as a whole: whoever reads meanwhile finds the old one or the new one. */
export async function writeMetricsFile(file: string, text: string): Promise<void> {
  // Hidden, and without the .prom at its end, so node-exporter does not read it.
  const { dir, base } = path.parse(file)
  const temporary = path.join(dir, `.${base}.${process.pid}.tmp`)
  try {
    const handle = await open(temporary, 'w', READABLE_BY_ALL)
    try {
      // The umask may have taken the right away.
      await handle.chmod(READABLE_BY_ALL)
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
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
