import { spawnSync } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { emptyFolder } from './cli-process.ts'

const BIN = fileURLToPath(new URL('../../bin/adjust-s2s.js', import.meta.url))

/** Writes down what is loaded, in the process of the command itself. */
const RECORDER = `
import { registerHooks } from 'node:module'
import { appendFileSync } from 'node:fs'
registerHooks({
  load(url, context, next) {
    appendFileSync('loaded.txt', url + '\\n')
    return next(url, context)
  },
})`

/** The packages and the files of ours that a command loads. */
async function loadedBy(...args: string[]): Promise<{ packages: string[]; files: string[] }> {
  const cwd = await emptyFolder()
  const [recorder, record] = [path.join(cwd, 'recorder.mjs'), path.join(cwd, 'loaded.txt')]
  await writeFile(recorder, RECORDER)
  spawnSync(process.execPath, ['--import', recorder, BIN, ...args], { cwd, env: { PATH: process.env.PATH } })
  const urls = (await readFile(record, 'utf8')).split('\n')
  const packages = urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  const files = urls.flatMap((url) => /\/src\/(.+)$/.exec(url)?.[1] ?? [])
  return { packages: [...new Set(packages)].sort(), files }
}

/** A person waits for these, and a shell for the completion whenever it starts: what they load is all that makes them slow. */
describe('what is loaded before the first output', () => {
  const SHORT = ['commander', 'fastest-levenshtein']

  it.each([
    [['--help']],
    [['--version']],
    [['run', '--help']],
    [['help', 'resolve']],
    [['stauts']],
    [['run', '--frm', 'x']],
    [['completion', 'bash']],
  ])('is two small packages with %j', async (args) => {
    const { packages, files } = await loadedBy(...args)
    expect(packages).toEqual(SHORT)
    expect(files).not.toContain('config.ts')
    expect(files.filter((file) => /^(warehouse|load|extract|audit|simulator)\//.test(file))).toEqual([])
  })

  it.each([[['run', '--from', 'x']], [['plan', '--resend', 'fialed']]])(
    'is neither warehouse nor Adjust nor settings with %j',
    async (args) => {
      expect((await loadedBy(...args)).packages).toEqual([...SHORT, 'luxon'])
    },
  )

  it('is the schema of the settings with init --example, and no warehouse', async () => {
    expect((await loadedBy('init', '--example')).packages).toEqual([...SHORT, 'yaml', 'zod'])
  })

  it('is no BigQuery where the warehouse is another, and no DuckDB where the file is not there', async () => {
    const { packages } = await loadedBy('status', '--config', 'nowhere.yaml')
    const heavy = packages.filter((name) => /duckdb|google|apache-arrow|undici|opentelemetry/.test(name))
    expect(packages).toContain('zod')
    expect(heavy).toEqual([])
  })

  it('is kept as it was compiled, so that the next command need not take the types out again', async () => {
    const cwd = await emptyFolder()
    spawnSync(process.execPath, [BIN, '--version'], { cwd, env: { TMPDIR: cwd } })
    expect(await readdir(path.join(cwd, 'node-compile-cache'), { recursive: true })).not.toEqual([])
  })
})
