import { describe, expect, it, onTestFinished } from 'vitest'
import type { Config } from '../../src/config.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { TerminalError } from '../../src/domain/errors.ts'
import { endsAt } from '../../src/ends.ts'
import { checkContract } from '../../src/extract/extract.ts'
import type { Intake, IntakeBatch, IntakeRequest } from '../../src/intake.ts'
import { openInThread, type WarehouseThread } from '../../src/thread/warehouse-thread.ts'
import { duckdbDdl } from '../../src/warehouse/ddl.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { rulesWith } from '../transform/source-row.ts'
import { auditRow } from '../warehouse/audit-row.ts'
import { makeDuckdbFile, scratchPath } from '../warehouse/scratch.ts'
import { rowsOf } from '../warehouse/warehouse-suite.ts'

const NOW_MS = systemClock.now()
const SOURCE = 'SELECT * FROM purchases'

/** Every tenth row names no device, every fiftieth lies before the age limit. */
const purchases = (count: number) => `CREATE TABLE purchases AS SELECT
  printf('p%06d', n) AS transaction_id,
  make_timestamptz(${(NOW_MS - 86_400_000) * 1000}) + to_seconds(n) - (CASE WHEN n % 50 = 0 THEN to_days(100) ELSE to_days(0) END) AS occurred_at,
  'abcdefghijkl' AS app_token, 'abc123' AS event_token,
  CASE WHEN n % 10 > 0 THEN md5(CAST(n % 97 AS VARCHAR)) END AS adid,
  CAST(n AS DECIMAL(18,2)) AS revenue, 'EUR' AS currency
  FROM range(${count}) AS numbers(n)`

async function fileWith(purchaseCount: number): Promise<string> {
  const path = scratchPath('warehouse.duckdb')
  await makeDuckdbFile(path, [...duckdbDdl(), purchases(purchaseCount)])
  return path
}

const configOf = (path: string) => ({ warehouse: { type: 'duckdb', path }, audit: {} }) as unknown as Config

async function open(path: string): Promise<WarehouseThread> {
  const thread = await openInThread(configOf(path))
  onTestFinished(() => thread.close())
  return thread
}

const requestFor = (projection: string): IntakeRequest => ({
  projection,
  options: {
    window: { fromMs: NOW_MS - 200 * 86_400_000, toMs: NOW_MS, full: true },
    resend: 'none',
    nowMs: NOW_MS,
    inDoubtBlocks: { revenue: true, other: true },
    inDoubtHoldHours: 24,
  },
  rules: rulesWith({ maxAgeDays: 58 }),
})

async function all(batches: AsyncIterable<IntakeBatch>) {
  const found: (Omit<IntakeBatch, 'rows'> & { rows: Intake[] })[] = []
  for await (const { rows, ...rest } of batches) found.push({ ...rest, rows: [...rows] })
  return found
}

describe('a warehouse in a thread of its own', () => {
  it('takes in the same rows, in the same batches, as in this thread', async () => {
    const path = await fileWith(5_000)
    const here = await openDuckdbWarehouse({ path })
    const request = requestFor(await checkContract(here, SOURCE))
    const expected = await all(endsAt(here, systemClock).takeIn(request))
    await here.close()
    expect(expected.length).toBeGreaterThan(1)
    expect(new Set(expected.flatMap(({ rows }) => rows.map(({ kind }) => kind))).size).toBeGreaterThan(1)

    const thread = await open(path)
    expect(await checkContract(thread, SOURCE)).toBe(request.projection)
    expect(await all(thread.takeIn(request))).toEqual(expected)
  })

  it('has made the audit rows durable when it says so', async () => {
    const path = await fileWith(1)
    const thread = await open(path)
    await thread.record([
      auditRow({ transactionId: 'p1', warnings: ['adid_missing'] }),
      auditRow({ transactionId: 'p2' }),
    ])
    await thread.close()
    const here = await openDuckdbWarehouse({ path })
    onTestFinished(() => here.close())
    expect(
      await rowsOf(here, 'SELECT transaction_id, status FROM s2s_audit ORDER BY transaction_id'),
    ).toEqual([
      { transaction_id: 'p1', status: 'delivered' },
      { transaction_id: 'p2', status: 'delivered' },
    ])
  })

  it('answers queries, changes and estimates as it does in this thread', async () => {
    const thread = await open(await fileWith(3))
    expect(await rowsOf(thread, 'SELECT COUNT(*) AS found FROM purchases')).toEqual([{ found: 3 }])
    expect(
      await thread.update("UPDATE purchases SET currency = 'USD' WHERE transaction_id = 'p000001'"),
    ).toBe(1)
    expect(await thread.estimate('SELECT 1 AS one')).toEqual({ bytes: null, maximumBytes: null })
    expect(await thread.missingTables()).toEqual([])
    expect(thread.statistics()).toEqual({ bytesBilled: null })
  })

  it('that cannot be opened says so as it does in this thread', async () => {
    const path = scratchPath('typo.duckdb')
    const error = await openInThread(configOf(path)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({
      message: `${path} does not exist`,
      hint: expect.stringContaining('warehouse.path'),
    })
  })

  it('passes on the class, the words and the hint of what a query throws', async () => {
    const thread = await open(await fileWith(1))
    const error = await checkContract(thread, 'SELECT nothing FROM nowhere').catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(TerminalError)
    expect((error as Error).message).toContain('nowhere')
  })

  it('stops to read when it is told to, throws the reason, and goes on to serve', async () => {
    const thread = await open(await fileWith(50_000))
    const request = requestFor(await checkContract(thread, SOURCE))
    const [stop, reason] = [new AbortController(), new Error('asked to stop')]
    const reading = (async () => {
      for await (const _ of thread.takeIn(request, stop.signal)) stop.abort(reason)
    })()
    await expect(reading).rejects.toBe(reason)
    expect(await rowsOf(thread, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('may be read in part, again and again', async () => {
    const thread = await open(await fileWith(10_000))
    const request = requestFor(await checkContract(thread, SOURCE))
    for (let times = 0; times < 3; times++)
      for await (const { totalRows } of thread.takeIn(request)) {
        expect(totalRows).toBe(10_000)
        break
      }
    expect(await rowsOf(thread, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('fails what it is asked once it is closed, and closes once', async () => {
    const thread = await open(await fileWith(1))
    await Promise.all([thread.close(), thread.close()])
    await expect(thread.missingTables()).rejects.toThrow()
  })

  it('gives the file free when it is closed', async () => {
    const path = await fileWith(1)
    await (await open(path)).close()
    const again = await open(path)
    expect(again.isExclusive).toBe(true)
    expect(await rowsOf(again, 'SELECT COUNT(*) AS found FROM purchases')).toEqual([{ found: 1 }])
  })
})
