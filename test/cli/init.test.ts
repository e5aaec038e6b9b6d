import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyFolder, runCli } from './cli-process.ts'

const CONFIG = 'warehouse: { type: duckdb, path: warehouse.duckdb }\nsource: sql/transactions.sql\n'

async function configured(yaml = CONFIG): Promise<string> {
  const folder = await emptyFolder()
  await writeFile(path.join(folder, 'adjust-s2s.yaml'), yaml)
  return folder
}

describe('init --example', () => {
  it('prints a file with which init works', async () => {
    const { code, stdout } = await runCli(['init', '--example'])
    expect(code).toBe(0)
    const created = await runCli(['init'], { cwd: await configured(stdout) })
    expect(created.code).toBe(0)
  })
})

describe('init --print', () => {
  it('prints the DDL and creates nothing', async () => {
    const cwd = await configured()
    const { code, stdout } = await runCli(['init', '--print'], { cwd })
    expect(code).toBe(0)
    for (const table of ['s2s_audit', 's2s_runs', 's2s_lease'])
      expect(stdout).toContain(`TABLE IF NOT EXISTS ${table}`)
    await expect(stat(path.join(cwd, 'warehouse.duckdb'))).rejects.toThrow('ENOENT')
    await expect(stat(path.join(cwd, '.adjust-s2s'))).rejects.toThrow('ENOENT')
  })

  it("speaks BigQuery's SQL for BigQuery", async () => {
    const cwd = await configured('warehouse: { type: bigquery, project: p, dataset: d }\nsource: s.sql\n')
    const { code, stdout } = await runCli(['init', '--print'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('`p.d.s2s_audit`')
  })
})

describe('init', () => {
  it('creates what is missing, says so, and says what comes next', async () => {
    const cwd = await configured()
    const { code, stdout, stderr } = await runCli(['init'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^created +state directory +.*\.adjust-s2s$/m)
    expect(stdout).toMatch(/^created +warehouse +duckdb:.*warehouse\.duckdb$/m)
    expect(stdout).toMatch(/^created +table +s2s_audit$/m)
    expect(stdout).toMatch(/^created +view +s2s_latest$/m)
    expect(stderr).toContain(
      `write the SELECT that yields your transactions to ${path.join(cwd, 'sql/transactions.sql')}`,
    )
    expect(stderr).toContain('adjust-s2s plan')
    expect(stderr).toContain('new, empty file')
  })

  it('makes a state directory that nobody else can look into', async () => {
    const cwd = await configured()
    await runCli(['init'], { cwd })
    expect((await stat(path.join(cwd, '.adjust-s2s'))).mode & 0o077).toBe(0)
  })

  it('changes nothing the second time', async () => {
    const cwd = await configured()
    await runCli(['init'], { cwd })
    const { code, stdout } = await runCli(['init'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^existed +table +s2s_audit$/m)
    expect(stdout).not.toContain('created')
  })

  it('prints one JSON object with --json, wherever the flag stands', async () => {
    const cwd = await configured()
    const before = JSON.parse((await runCli(['--json', 'init'], { cwd })).stdout)
    const after = JSON.parse((await runCli(['init', '--json'], { cwd })).stdout)
    expect(before.steps).toContainEqual({ kind: 'table', name: 's2s_audit', status: 'created' })
    expect(after.steps).toContainEqual({ kind: 'table', name: 's2s_audit', status: 'existed' })
    expect(before.source).toEqual({ path: path.join(cwd, 'sql/transactions.sql'), exists: false })
  })

  it('prints nothing but the result with --quiet', async () => {
    expect((await runCli(['init', '--quiet'], { cwd: await configured() })).stderr).toBe('')
  })

  it('fails when the state directory is a file', async () => {
    const cwd = await configured()
    await writeFile(path.join(cwd, '.adjust-s2s'), '')
    const { code, stderr } = await runCli(['init'], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain(`The state directory ${path.join(cwd, '.adjust-s2s')} cannot be written`)
    expect(stderr).toContain('ADJUST_S2S_STATE_DIR')
  })

  it.skipIf(process.getuid?.() === 0)('fails when the state directory cannot be written', async () => {
    const cwd = await configured()
    await mkdir(path.join(cwd, '.adjust-s2s'))
    await chmod(path.join(cwd, '.adjust-s2s'), 0o500)
    expect((await runCli(['init'], { cwd })).code).toBe(2)
  })

  it('fails when the warehouse file is something else, and leaves it alone', async () => {
    const cwd = await configured()
    const file = path.join(cwd, 'warehouse.duckdb')
    await writeFile(file, 'not a database, but 4096 bytes of something else\n'.repeat(100))
    const { code, stderr } = await runCli(['init'], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain(file)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(await readFile(file, 'utf8')).toContain('not a database')
  })

  it('says which credentials for BigQuery are no good, and how others are given', async () => {
    const cwd = await configured('warehouse: { type: bigquery, project: p, dataset: d }\nsource: s.sql\n')
    const env = { GOOGLE_APPLICATION_CREDENTIALS: `${cwd}/no-key.json` }
    const { code, stderr } = await runCli(['init'], { cwd, env })
    expect(code).toBe(2)
    expect(stderr).toContain(`${cwd}/no-key.json`)
    expect(stderr).toContain('gcloud auth application-default login')
  })
})
