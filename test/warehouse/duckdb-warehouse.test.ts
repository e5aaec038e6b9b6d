import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TerminalError, TransientError } from '../../src/domain/errors.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { type DuckdbOptions, openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { auditRow } from './audit-row.ts'
import { duckdb } from './duckdb-engine.ts'
import { makeDuckdbFile, scratchPath } from './scratch.ts'
import { describeWarehouse, rowsOf } from './warehouse-suite.ts'

describeWarehouse(duckdb)

async function open(options: DuckdbOptions) {
  const warehouse = await openDuckdbWarehouse(options)
  onTestFinished(() => warehouse.close())
  return warehouse
}

async function openingError(options: DuckdbOptions): Promise<TerminalError | TransientError> {
  return await openDuckdbWarehouse(options).then(
    () => expect.fail('it opened'),
    (error: unknown) => error as TerminalError,
  )
}

describe('opening a DuckDB file', () => {
  it('that is missing is an error, not a new warehouse', async () => {
    const path = scratchPath('typo.duckdb')
    const error = await openingError({ path })
    expect(error).toBeInstanceOf(TerminalError)
    expect(error.message).toContain(path)
    expect(error.hint).toContain('warehouse.path')
  })

  it.each([
    ['of garbage', 'x'.repeat(50_000)],
    ['of nothing', ''],
  ])('%s names it', async (_, content) => {
    const path = scratchPath('garbage.duckdb')
    writeFileSync(path, content)
    const error = await openingError({ path })
    expect(error).toBeInstanceOf(TerminalError)
    expect(error.message).toContain(path)
    expect(error.message).toContain('not a sound DuckDB file')
  })

  it('that is a folder names it', async () => {
    const path = dirname(scratchPath('x'))
    const error = await openingError({ path })
    expect(error).toBeInstanceOf(TerminalError)
    expect(error.message).toContain(path)
  })

  it('that another process has says which one, and to try again', async () => {
    const path = scratchPath('locked.duckdb')
    const holder = await holdFile(path)
    const error = await openingError({ path })
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toContain(`in use by process ${holder}`)
    expect(error.hint).toContain('run again')
  })

  it('to read only refuses to write, and reads', async () => {
    const path = scratchPath('read.duckdb')
    const writer = await openDuckdbWarehouse({ path, create: true })
    await writer.createTables()
    await writer.append('s2s_audit', [auditTableRow(auditRow({ transactionId: 't1' }))])
    await writer.close()
    const reader = await open({ path, readOnly: true })
    await expect(
      reader.append('s2s_audit', [auditTableRow(auditRow({ transactionId: 't2' }))]),
    ).rejects.toThrow()
    expect(await rowsOf(reader, 'SELECT COUNT(*) AS n FROM s2s_audit')).toEqual([{ n: 1 }])
  })

  it('leaves nothing of its own in the file', async () => {
    const path = scratchPath('clean.duckdb')
    await makeDuckdbFile(path, ['CREATE TABLE mine (a INTEGER)'])
    const warehouse = await openDuckdbWarehouse({ path })
    await rowsOf(warehouse, 'WITH a AS (SELECT 1 AS x) SELECT a.x FROM a JOIN a AS b ON b.x = a.x')
    await warehouse.close()
    const again = await open({ path })
    expect(await again.describe("SELECT * FROM duckdb_tables() WHERE table_name <> 'mine'")).not.toEqual([])
    expect(
      await rowsOf(again, 'SELECT COUNT(*) AS n FROM ({{source}}) AS source', {
        source: "SELECT 1 AS a FROM duckdb_tables() WHERE NOT temporary AND table_name <> 'mine'",
      }),
    ).toEqual([{ n: 0 }])
  })
})

/** Another process that has the file open for as long as the test runs; answers its id. */
async function holdFile(path: string): Promise<number> {
  const script = `
    import { DuckDBInstance } from '@duckdb/node-api'
    const instance = await DuckDBInstance.create(process.argv[1])
    console.log('open')
    setInterval(() => instance, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return child.pid!
}

/** Turns of the event loop in which a query is certain to have started: it needs about ten. */
async function underWay(): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) await setImmediate()
}

describe('what fails in a query on DuckDB', () => {
  it("in the text of the source is the user's to mend", async () => {
    const warehouse = await open({ path: ':memory:' })
    const query = rowsOf(warehouse, 'SELECT a FROM ({{source}}) AS source', {
      source: 'SELECT a FROM nowhere',
    })
    await expect(query).rejects.toThrow(TerminalError)
    await expect(query).rejects.toThrow('the source SELECT fails')
  })

  it('in a value of the source, even in the last row, is an error and not an early end', async () => {
    const warehouse = await open({ path: ':memory:' })
    const source =
      "SELECT CAST(CASE WHEN i = 299999 THEN 'x' ELSE '1' END AS INTEGER) AS a FROM range(300000) t(i)"
    const query = rowsOf(warehouse, 'SELECT a FROM ({{source}}) AS source', { source })
    await expect(query).rejects.toThrow(/the source SELECT fails: Conversion Error.*'x'/)
  })

  it('in our own text is a bug, and keeps its own words', async () => {
    const warehouse = await open({ path: ':memory:' })
    await expect(rowsOf(warehouse, 'SELECT nothing FROM nowhere')).rejects.not.toThrow(TerminalError)
  })

  it('for want of our tables says how they are made', async () => {
    const warehouse = await open({ path: ':memory:' })
    const error = await rowsOf(warehouse, 'SELECT 1 AS one FROM s2s_audit').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TerminalError)
    expect((error as TerminalError).hint).toContain('init')
  })

  // Left alone, twenty billion rows take far longer than the time that these two tests have.
  const STOPS_WITHIN_MS = 5000

  it('is stopped in the middle of the work', { timeout: STOPS_WITHIN_MS }, async () => {
    const warehouse = await open({ path: ':memory:' })
    const stop = new AbortController()
    const source = 'SELECT hash(i) % 7 AS a FROM range(20000000000) t(i)'
    const query = rowsOf(warehouse, 'SELECT MAX(a) AS a FROM ({{source}}) AS source', {
      source,
      signal: stop.signal,
    })
    query.catch(() => {})
    await underWay()
    stop.abort(new Error('stop, please'))
    await expect(query).rejects.toThrow('stop, please')
  })

  it('may have been asked just before the warehouse closes', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const warehouse = await openDuckdbWarehouse({ path: ':memory:' })
      const answers = [rowsOf(warehouse, 'SELECT 1 AS one'), warehouse.describe('SELECT 1 AS one')]
      const settled = Promise.allSettled(answers)
      for (let turn = 0; turn < turns; turn++) await setImmediate()
      await warehouse.close()
      for (const answer of await settled) {
        if (answer.status === 'rejected') expect(String(answer.reason)).toContain('the warehouse was closed')
      }
    }
  })

  it('does not keep the warehouse from closing', { timeout: STOPS_WITHIN_MS }, async () => {
    const warehouse = await openDuckdbWarehouse({ path: ':memory:' })
    const source = 'SELECT hash(i) % 7 AS a FROM range(20000000000) t(i)'
    const query = rowsOf(warehouse, 'SELECT MAX(a) AS a FROM ({{source}}) AS source', { source })
    const failure = query.catch((error: unknown) => error)
    await underWay()
    await warehouse.close()
    expect(await failure).toBeInstanceOf(Error)
  })
})

describe('tables of DuckDB', () => {
  it('that lack a column are named with it', async () => {
    const path = scratchPath('old.duckdb')
    await makeDuckdbFile(path, ['CREATE TABLE s2s_lease (shard VARCHAR, holder VARCHAR, epoch BIGINT)'])
    const warehouse = await open({ path })
    expect(await warehouse.createTables()).toEqual(['s2s_audit', 's2s_runs', 's2s_latest'])
    expect(await warehouse.missingTables()).toEqual([
      's2s_lease.host',
      's2s_lease.pid',
      's2s_lease.acquired_at',
      's2s_lease.expires_at',
    ])
  })

  it('may have their columns in another order, and further ones', async () => {
    const path = scratchPath('mine.duckdb')
    await makeDuckdbFile(path, [
      `CREATE TABLE s2s_lease (note VARCHAR, expires_at TIMESTAMPTZ, acquired_at TIMESTAMPTZ, epoch BIGINT, holder VARCHAR, shard VARCHAR)`,
    ])
    const warehouse = await open({ path })
    await warehouse.append('s2s_lease', [
      { shard: '0/1', holder: 'run-1', epoch: 7, expires_at: { timestampMicros: 5 } },
    ])
    const query =
      'SELECT shard, holder, epoch, UNIX_MICROS(expires_at) AS expires_at_micros, note FROM s2s_lease'
    expect(await rowsOf(warehouse, query)).toEqual([
      { shard: '0/1', holder: 'run-1', epoch: 7, expires_at_micros: 5, note: null },
    ])
  })
})
