import { mkdir, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { openFiles } from '../../src/export/export-files.ts'
import type { ExportReader } from '../../src/export/export-row.ts'
import { reconcileJob } from '../../src/reconcile-job.ts'
import type { FaultPlan } from '../../src/simulator/fault-plan.ts'
import { openWarehouse } from '../../src/warehouse/open-warehouse.ts'
import { manyPurchases, openShop, type Shop } from './shop.ts'

const EVENTS = 900

/** Requests far from both ends, so that there are hours of neighbours on both sides. */
const STRUCK = {
  before: [250, 330, 410, 490, 570],
  after: [290, 370, 450, 530],
  silent: [310, 390, 470, 550],
}

const FAULTS: FaultPlan = {
  reset_before_reading: { requests: STRUCK.before },
  reset_after_accepting: { requests: STRUCK.after },
  no_answer: { requests: STRUCK.silent },
}

/**
 * A shop that has sold an event a minute for fifteen hours and sent each twenty minutes later, some of them with an unknown outcome.
 * What one run has sent within seconds is spread over those hours in the audit table.
 */
async function shopInDoubt(faults: FaultPlan = FAULTS): Promise<Shop> {
  const shop = await openShop({
    purchases: manyPurchases(EVENTS, EVENTS),
    faults,
    delivery: { timeout_ms: 400, concurrency: 8 },
  })
  await shop.run(0)
  await shop.sql(`
    UPDATE s2s_audit
    SET sent_at = occurred_at + INTERVAL 20 MINUTE, settled_at = occurred_at + INTERVAL 20 MINUTE
    WHERE sent_at IS NOT NULL`)
  return shop
}

interface ExportLine {
  id: string
  line: string
}

const HEADER = '"My app",{app_token},{event},{created_at},[transaction_id]'

/** What Adjust counted, as its raw data export would bring it. */
function counted(shop: Shop): ExportLine[] {
  return shop.adjust.truth().flatMap(({ counted, transactionId: id, appToken, eventToken, createdAtMs }) => {
    const seconds = Math.floor((createdAtMs ?? 0) / 1000)
    return counted && id !== null ? { id, line: `My app,${appToken},${eventToken},${seconds},${id}` } : []
  })
}

async function writeExport(shop: Shop, lines: readonly ExportLine[], name = 'export.csv'): Promise<string> {
  const text = [HEADER, ...lines.map(({ line }) => line)].join('\n')
  await writeFile(shop.path(name), name.endsWith('.gz') ? gzipSync(`${text}\n`) : `${text}\n`)
  return name
}

async function reconcile(shop: Shop, exitCode: number, ...args: string[]) {
  const result = await shop.command('reconcile', '--json', ...args)
  expect(result, result.stderr).toMatchObject({ code: exitCode })
  const json = JSON.parse(result.stdout)
  expect(json.exit_code).toBe(exitCode)
  return json
}

const idsInDoubt = async (shop: Shop) =>
  Object.values(await shop.audit()).flatMap((row) => (row.status === 'in_doubt' ? row.transaction_id : []))

describe('reconcile with a complete export', () => {
  it('tells what Adjust counted from what it did not, and the next run sends exactly the latter, once', async () => {
    const shop = await shopInDoubt()
    const inDoubt = await idsInDoubt(shop)
    const countedIds = new Set(shop.counted())
    const [lost, known] = [
      inDoubt.filter((id) => !countedIds.has(id)),
      inDoubt.filter((id) => countedIds.has(id)),
    ]
    expect(inDoubt).toHaveLength(13)
    expect(lost.length).toBeGreaterThanOrEqual(5)
    expect(known.length).toBeGreaterThanOrEqual(4)

    const file = await writeExport(shop, counted(shop), 'export.csv.gz')
    const dry = await reconcile(shop, 0, '--export', file, '--dry-run')
    expect(dry).toMatchObject({ written: false })
    expect(await idsInDoubt(shop)).toEqual(inDoubt)

    const json = await reconcile(shop, 0, '--export', file)
    expect(json.changes).toEqual(dry.changes)
    expect(json.export).toMatchObject({ names: [file], rows: countedIds.size, rows_of_other_tokens: 0 })
    expect(json.quality).toMatchObject({
      delivered: EVENTS - inDoubt.length,
      missing: { count: 0, share: 0 },
      duplicated: { count: 0, extra_rows: 0 },
      contradicted: [],
      unknown: { count: 0, exact: true },
    })
    const outcomes = await shop.outcomes()
    expect(Object.fromEntries(inDoubt.map((id) => [id, outcomes[id]]))).toEqual({
      ...Object.fromEntries(known.map((id) => [id, 'delivered found_in_export'])),
      ...Object.fromEntries(lost.map((id) => [id, 'deferred absent_from_export'])),
    })
    const audit = await shop.audit()
    expect(audit[known[0]!]!.message).toMatch(/^found in export\.csv\.gz, line \d+$/)
    expect(audit[lost[0]!]!.message).toMatch(
      /^absent from export\.csv\.gz, which has \d+ delivered events of its app from p\d+ \(sent 2.*Z\) to p\d+ \(sent 2.*Z\)$/,
    )

    shop.adjust.setFaults({})
    const requests = shop.adjust.truth().length
    await shop.run(0)
    expect(
      shop.adjust
        .truth()
        .slice(requests)
        .map(({ transactionId }) => transactionId)
        .sort(),
    ).toEqual(lost.sort())
    expect(shop.adjust.summary()).toMatchObject({ counted: EVENTS, countedTwice: [], outOfOrder: [] })
    expect(await shop.statusCounts()).toEqual({ delivered: EVENTS })
  })

  it('reads it from a table of the warehouse as well, by columns that are named', async () => {
    const shop = await shopInDoubt()
    const inDoubt = await idsInDoubt(shop)
    await writeExport(shop, counted(shop))
    await shop.sql(`
      CREATE TABLE "Raw Data" AS
      SELECT {'transaction_id': "[transaction_id]", 'x': '1'} AS params, "{app_token}" AS app,
        to_timestamp(CAST("{created_at}" AS BIGINT)) AS created_at
      FROM read_csv('${shop.path('export.csv')}', all_varchar = true)`)
    const missing = await shop.command('reconcile', '--table', '"Raw Data"')
    expect(missing).toMatchObject({ code: 2 })
    expect(missing.stderr).toMatch(/has no column with our transaction_id: it has params, app, created_at/)
    expect(missing.stderr).toMatch(/--transaction-id-column NAME/)

    await shop.sql('ALTER TABLE "Raw Data" RENAME COLUMN params TO publisher_parameters')
    const json = await reconcile(shop, 0, '--table', '"Raw Data"', '--app-token-column', 'app')
    expect(json.changes).toHaveLength(inDoubt.length)
    expect(json.export.from).toMatch(/^2.*Z$/)
    expect((await shop.statusCounts()).in_doubt).toBeUndefined()
  })

  it('says it to a person', async () => {
    const shop = await shopInDoubt()
    const file = await writeExport(shop, counted(shop))
    const { code, stdout } = await shop.command('reconcile', '--export', file)
    expect(code).toBe(0)
    expect(stdout).toMatch(/in doubt +\d+ +the export has it: delivered; such as p\d+/)
    expect(stdout).toMatch(
      /in doubt +\d+ +absent, and the export is complete there: the next run sends it; such as p\d+/,
    )
    expect(stdout).toMatch(/missing +0 +0 % of those measured/)
    expect(stdout).toMatch(/Next: npx adjust-s2s run\n$/)
  })
})

describe('reconcile with an export that is not complete', () => {
  it('opens nothing where the export ends, has a hole, or is of other tokens, and says why', async () => {
    const shop = await shopInDoubt()
    const inDoubt = new Set(await idsInDoubt(shop))
    const lines = counted(shop).filter(({ id }) => !inDoubt.has(id))
    const exported = async (kept: readonly ExportLine[]) => {
      const json = await reconcile(shop, 0, '--export', await writeExport(shop, kept), '--dry-run')
      expect(json.changes).toEqual([])
      return json.findings.map(({ finding, count }: { finding: string; count: number }) => [finding, count])
    }
    const number = ({ id }: ExportLine) => Number(id.slice(1))
    expect(await exported(lines.filter((line) => number(line) < 240))).toEqual([['no_later_neighbour', 13]])
    expect(await exported(lines.filter((line) => number(line) > 600))).toEqual([['no_earlier_neighbour', 13]])
    // A hole of six hours around all of them.
    const holed = lines.filter((line) => number(line) < 240 || number(line) > 600)
    expect(await exported(holed)).toEqual([['neighbours_missing', 13]])
    expect(
      (await exported(lines.filter(({ line }) => !line.includes(',abc123,')))).map(
        ([code]: [string]) => code,
      ),
    ).toContain('token_not_in_export')
    expect(await exported([])).toEqual([['app_not_in_export', 13]])
  })

  it('measures single events that are missing and rows that are there twice, and exits with 3', async () => {
    const shop = await shopInDoubt({})
    const lines = counted(shop)
    const kept = lines.filter(({ id }) => id !== 'p000400' && id !== 'p000500')
    const other = { id: 'sdk-1', line: 'My app,abcdefghijkl,abc123,1760000000,sdk-1' }
    const rows = [...kept, lines[100]!, lines[100]!, lines[200]!, other, other]
    const file = await writeExport(shop, rows)
    const { quality } = await reconcile(shop, 3, '--export', file)
    expect(quality).toMatchObject({
      delivered: EVENTS,
      measured: EVENTS,
      missing: { count: 2, share: 0.002222, examples: ['p000400', 'p000500'] },
      duplicated: {
        count: 2,
        extra_rows: 3,
        examples: expect.arrayContaining([lines[100]!.id, lines[200]!.id]),
      },
      unknown: { count: 1, exact: true, examples: ['sdk-1'] },
    })
  })
})

describe('reconcile and others', () => {
  it('does not settle what another sender counted under another token', async () => {
    const shop = await shopInDoubt()
    const inDoubt = await idsInDoubt(shop)
    const lines = counted(shop).filter(({ id }) => !inDoubt.includes(id))
    const theirs = inDoubt.map((id) => ({ id, line: `My app,abcdefghijkl,sdk999,1760000000,${id}` }))
    const json = await reconcile(shop, 0, '--export', await writeExport(shop, [...lines, ...theirs]))
    expect(json).toMatchObject({ changes: [], export: { rows_of_other_tokens: 13 } })
    expect(json.findings).toMatchObject([{ standing: 'in_doubt', finding: 'other_token', count: 13 }])
  })

  it('reports events that were given up and leaves them unless the export has them', async () => {
    const shop = await shopInDoubt()
    const inDoubt = await idsInDoubt(shop)
    await shop.configure({ delivery: { in_doubt_hold_hours: 1 } })
    await shop.run(0)
    expect((await shop.statusCounts()).abandoned).toBe(inDoubt.length)
    const countedIds = new Set(shop.counted())
    const known = inDoubt.filter((id) => countedIds.has(id))
    const json = await reconcile(shop, 0, '--export', await writeExport(shop, counted(shop)))
    expect(json.findings).toMatchObject([
      { standing: 'abandoned', finding: 'found', count: known.length },
      { standing: 'abandoned', finding: 'absent', count: inDoubt.length - known.length },
    ])
    expect(json.changes).toHaveLength(known.length)
    expect((await shop.statusCounts()).abandoned).toBe(inDoubt.length - known.length)
  })

  it('waits for no run: it ends with 75 and says who has the lease', async () => {
    const shop = await shopInDoubt()
    const file = await writeExport(shop, counted(shop))
    await shop.sql(`
      UPDATE s2s_lease
      SET holder = 'run-1', host = 'pod-7', pid = 17, epoch = 9, acquired_at = now(), expires_at = now() + INTERVAL 4 MINUTE
      WHERE shard = '0/1'`)
    const config = await loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} })
    const warehouse = await openWarehouse(config)
    // As BigQuery is: opening it shuts nobody out.
    Object.defineProperty(warehouse, 'isExclusive', { value: undefined })
    const columns = { transactionId: null, appToken: null, eventToken: null, time: null }
    const reader = await openFiles([shop.path(file)], columns, process.stdin)
    const { signal } = new AbortController()
    const window = { from: null, to: null }
    const job = { config, warehouse, runId: 'reconcile-1', export: reader, ...window, signal }
    const refused = await reconcileJob({ ...job, dryRun: false }).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      exitCode: 75,
      message: expect.stringMatching(/run-1 on pod-7 \(process 17\)/),
    })
    // Nothing is written, so nobody has to wait.
    expect((await reconcileJob({ ...job, dryRun: true })).isWritten).toBe(false)
    await warehouse.close()
    expect((await idsInDoubt(shop)).length).toBe(13)
  })

  it('writes nothing when it was paused for longer than its lease while it read', async () => {
    const shop = await shopInDoubt()
    const file = await writeExport(shop, counted(shop))
    const config = await loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} })
    const warehouse = await openWarehouse(config)
    const columns = { transactionId: null, appToken: null, eventToken: null, time: null }
    const reader = await openFiles([shop.path(file)], columns, process.stdin)
    let pausedMs = 0
    const clock: Clock = {
      now: () => systemClock.now() + pausedMs,
      monotonic: () => systemClock.monotonic() + pausedMs,
      after: (delayMs, callback) => systemClock.after(delayMs, callback),
    }
    const paused: ExportReader = {
      ...reader,
      async *read() {
        yield* reader.read()
        pausedMs = 10 * 60_000
      },
    }
    const job = {
      config,
      warehouse,
      runId: 'reconcile-1',
      export: paused,
      from: null,
      to: null,
      dryRun: false,
    }
    const machine = { clock, host: 'host', pid: 1 }
    const stopped = await reconcileJob({ ...job, machine, signal: new AbortController().signal }).catch(
      (error: unknown) => error,
    )
    expect(stopped).toMatchObject({ exitCode: 75, message: expect.stringMatching(/the lease was lost/) })
    await warehouse.close()
    expect((await idsInDoubt(shop)).length).toBe(13)
  })

  it('reads a folder, and each file once, and names the line of what it cannot read', async () => {
    const shop = await shopInDoubt({})
    await mkdir(shop.path('exports'))
    const lines = counted(shop)
    await writeExport(shop, lines.slice(0, 450), 'exports/one.csv.gz')
    await writeExport(shop, lines.slice(450), 'exports/two.csv')
    const args = ['--export', 'exports', 'exports/one.csv.gz', '--export', 'exports/*.csv']
    const json = await reconcile(shop, 0, ...args)
    expect(json.export).toMatchObject({ names: ['exports/one.csv.gz', 'exports/two.csv'], rows: EVENTS })
    await writeFile(shop.path('exports/two.csv'), `${HEADER}\n1,2\n`)
    const broken = await shop.command('reconcile', '--export', 'exports')
    expect(broken).toMatchObject({ code: 2, stdout: '' })
    expect(broken.stderr).toMatch('exports/two.csv, line 2: 2 fields, and the header has 5')
    expect(await shop.command('reconcile', '--export', 'none.csv')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching('--export none.csv: no such file'),
    })
  })
})
