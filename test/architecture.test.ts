import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const SRC = resolve(import.meta.dirname, '../src')
const STAGES = ['extract', 'transform', 'load', 'audit']

/**
 * What a part of `src` may import beside itself; imports run one way, from the top of this list to its end.
 * `domain` is the vocabulary: it imports nothing.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'main.ts': ['cli', 'config', 'log', 'domain'],
  cli: [
    'pipeline',
    'monitor',
    'thread',
    'doctor',
    'jobs',
    'report',
    'export',
    'simulator',
    'kubernetes',
    'config',
    'log',
    'lease',
    'warehouse',
    'files',
    'domain',
  ],
  monitor: ['pipeline', 'config', 'warehouse', 'files', 'domain'],
  thread: ['pipeline', 'config', 'warehouse', 'domain'],
  doctor: ['jobs', ...STAGES, 'config', 'warehouse', 'domain'],
  jobs: ['pipeline', ...STAGES, 'report', 'export', 'lease', 'config', 'warehouse', 'domain'],
  pipeline: [...STAGES, 'warehouse', 'domain'],
  extract: ['warehouse', 'domain'],
  transform: ['domain'],
  load: ['domain'],
  audit: ['warehouse', 'domain'],
  export: ['warehouse', 'domain'],
  report: ['warehouse', 'domain'],
  lease: ['warehouse', 'domain'],
  simulator: ['domain'],
  kubernetes: ['domain'],
  log: ['config', 'domain'],
  warehouse: ['config', 'domain'],
  config: ['domain'],
  files: [],
  domain: [],
}

const TOP_FILES: Record<string, string> = {
  'main.ts': 'main.ts',
  'pipeline.ts': 'pipeline',
  'intake.ts': 'pipeline',
  'ends.ts': 'pipeline',
  'run-job.ts': 'jobs',
  'machine.ts': 'jobs',
  'plan-job.ts': 'jobs',
  'explain-job.ts': 'jobs',
  'resolve-job.ts': 'jobs',
  'reconcile-job.ts': 'jobs',
  'reconcile-doubts.ts': 'jobs',
  'report-job.ts': 'jobs',
  'doctor-job.ts': 'doctor',
  'selection.ts': 'jobs',
  'shard-share.ts': 'jobs',
  'recovery.ts': 'jobs',
  'run-id.ts': 'jobs',
  'under-lease.ts': 'jobs',
  'summary.ts': 'jobs',
  'window.ts': 'jobs',
  'whole-file.ts': 'files',
  'version.ts': 'domain',
  'config.ts': 'config',
  'log.ts': 'log',
  'redact.ts': 'log',
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+\.ts)'/g)].map(([, path]) =>
    relative(SRC, resolve(SRC, dirname(file), path!)),
  )
}

function partOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : (TOP_FILES[file] ?? `unknown: ${file}`)
}

function findCycle(file: string, path: readonly string[], done: Set<string>): string[] | null {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
  if (done.has(file)) return null
  for (const imported of importsOf(file)) {
    const cycle = findCycle(imported, [...path, file], done)
    if (cycle !== null) return cycle
  }
  done.add(file)
  return null
}

describe('the shape of the code', () => {
  it('has imports that run one way, and stages that never import each other', () => {
    const wrong = files.flatMap((file) => {
      const allowed = MAY_IMPORT[partOf(file)] ?? []
      const foreign = importsOf(file).filter((imported) => partOf(imported) !== partOf(file))
      return foreign
        .filter((imported) => !allowed.includes(partOf(imported)))
        .map((imported) => `${file} imports ${imported}`)
    })
    expect(wrong).toEqual([])
  })

  it('has no cycle of imports', () => {
    const done = new Set<string>()
    expect(files.map((file) => findCycle(file, [], done)).filter((cycle) => cycle !== null)).toEqual([])
  })

  it('reads clock, chance and environment in one place each', () => {
    const readers = (pattern: RegExp) =>
      files.filter((file) => pattern.test(readFileSync(join(SRC, file), 'utf8'))).sort()
    expect(readers(/Date\.now\(|performance\.now\(|setTimeout\(|setInterval\(|Math\.random\(/)).toEqual([
      'domain/clock.ts',
    ])
    expect(readers(/process\.env\b/)).toEqual([
      'config.ts',
      'config/completion-index.ts',
      'config/environment.ts',
      'config/monitoring.ts',
    ])
  })

  it('keeps the simulator apart from what it checks', () => {
    const simulator = files.filter((file) => file.startsWith('simulator/'))
    const shared = simulator.flatMap(importsOf).filter((file) => !file.startsWith('simulator/'))
    expect([...new Set(shared)].sort()).toEqual(['domain/clock.ts', 'domain/errors.ts'])
  })
})
