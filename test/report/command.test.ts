import { chmod, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checkReportFile, writeReportFile } from '../../src/cli/report-file.ts'
import { AFTER_STOP_MS, RunReport } from '../../src/cli/run-report.ts'
import { loadConfig } from '../../src/config.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { TransientError } from '../../src/domain/errors.ts'
import { WHOLE } from '../../src/domain/shard.ts'
import { createLog } from '../../src/log.ts'
import type { Report } from '../../src/report/report-data.ts'
import { APP, manyPurchases, minutesAgo, openShop, purchase, type Shop, uuid } from '../end-to-end/shop.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { scratchPath } from '../warehouse/scratch.ts'
import { HOUR, logRun, RUN, START } from './logged-run.ts'

const page = (shop: Shop, name = 'run.html') => readFile(shop.path(name), 'utf8')

async function htmlFiles(shop: Shop): Promise<string[]> {
  return (await readdir(shop.folder)).filter((name) => name.includes('.html'))
}

/** A run that has sent something and has not ended, and what a process has at hand when it fails. */
async function runningRun() {
  const warehouse = await duckdb.open()
  await logRun(warehouse, { rows: [{ transactionId: 't1' }], counts: null, claimedToMs: START - HOUR })
  const env = {
    ADJUST_S2S_WAREHOUSE_TYPE: 'duckdb',
    ADJUST_S2S_WAREHOUSE_PATH: 'w.duckdb',
    ADJUST_S2S_SOURCE: 't.sql',
  }
  const stream = new PassThrough()
  const log = createLog({ level: 'warn', clock: systemClock, stream, pretty: false })
  const warnings = () => String(stream.read() ?? '')
  return { warehouse, config: await loadConfig({ env }), log, file: scratchPath('run.html'), warnings }
}

const NOT_STOPPED = new AbortController().signal

/** What a process has at hand at the end of a run, with a warehouse whose queries end by their signal alone. */
async function stuckReport(error: unknown, stop: AbortController) {
  const { config, warehouse, log, file, warnings } = await runningRun()
  const clock = new VirtualClock()
  const report = await RunReport.prepare(file, WHOLE, clock)
  report.begun(RUN)
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
  async function* query(_sql: string, { signal }: { signal?: AbortSignal } = {}) {
    isAsked()
    await new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)))
    yield []
  }
  const stuck = Object.assign(Object.create(warehouse), { query, isExclusive: true }) as typeof warehouse
  const state = { isOver: false }
  const written = report.write(config, stuck, log, error, stop.signal).then(() => {
    state.isOver = true
  })
  await asked
  // Whatever a timer has set off has come through by then.
  const isOverAfter = async (ms: number) => {
    clock.advance(ms)
    await setImmediate()
    return state.isOver
  }
  return { isOverAfter, written, clock, warnings }
}

describe('adjust-s2s report', () => {
  it('leads to the runs that somebody may have meant who named none', async () => {
    const shop = await openShop({ purchases: [purchase('t1', { revenue: '-1' })] })
    const { summary } = await shop.run(0)
    const steps = async (...args: string[]) => {
      const { headline } = JSON.parse((await shop.command('report', ...args, '--json')).stdout) as Report
      return headline.next.map(({ command }) => command).filter((command) => command?.startsWith('report'))
    }
    expect(await steps()).toEqual([])
    const empty = await shop.run(0)
    expect(empty.summary.counts.read).toBe(0)
    expect(await steps()).toEqual([`report ${summary.run_id}`])
    expect(await steps(empty.summary.run_id)).toEqual([])
    await shop.sql(
      `INSERT INTO s2s_runs BY NAME SELECT * REPLACE ('29990101T000000Z-dddddd' AS run_id, logged_at + INTERVAL 1 HOUR AS logged_at)
       FROM s2s_runs WHERE event = 'started' AND run_id = '${empty.summary.run_id}'`,
    )
    expect(await steps()).toEqual(['report 29990101T000000Z-dddddd', `report ${summary.run_id}`])
  })

  it('writes a page about the newest run, under the name of the run', async () => {
    const shop = await openShop({ purchases: manyPurchases(12, 4) })
    const { summary } = await shop.run(0)
    const result = await shop.command('report')
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const file = `adjust-s2s-report-${summary.run_id}.html`
    expect(result.stdout).toContain(`Wrote ${file}`)
    expect(await htmlFiles(shop)).toEqual([file])
    expect(await page(shop, file)).toContain('12 read = 12 delivered')
  })

  it('prints the page on standard output with --output -, and writes no file', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    const { summary } = await shop.run(0)
    const { code, stdout } = await shop.command('report', summary.run_id.slice(-6), '--output', '-')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
    expect(await htmlFiles(shop)).toEqual([])
  })

  it('prints the data with --json, as the run counted it, and says where the page is when it was asked for', async () => {
    const shop = await openShop({ purchases: [purchase('t1'), purchase('t2', { revenue: '-1' })] })
    const { summary } = await shop.run(0)
    const { stdout } = await shop.command('report', '--json')
    const report = JSON.parse(stdout) as Report & { file: string | null }
    expect(report.counts).toMatchObject(summary.counts)
    expect(report).toMatchObject({ file: null, run: { run_id: summary.run_id, exit_code: 0, requests: 1 } })
    expect(await htmlFiles(shop)).toEqual([])
    const both = await shop.command('report', '--json', '-o', 'r.html')
    expect(JSON.parse(both.stdout)).toMatchObject({ file: 'r.html' })
    expect(await htmlFiles(shop)).toEqual(['r.html'])
  })

  it.each([
    ['a run that is not known', ['report', 'nobody'], 'has no run "nobody"'],
    ['no run at all', ['report'], 'No run has ended yet'],
    ['a folder that is not there', ['report', '-o', 'nowhere/r.html'], 'there is no folder'],
    ['a folder instead of a file', ['report', '-o', '.'], 'names no file'],
    ['two things on standard output', ['report', '--json', '-o', '-'], 'both want standard output'],
  ])('ends with 2 for %s', async (_name, args, message) => {
    const shop = await openShop()
    const { code, stderr } = await shop.command(...args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('says of a run that was killed that it did not end, and with what', async () => {
    const shop = await openShop({
      purchases: manyPurchases(300, 300),
      faults: { latency_ms: 40 },
      delivery: { concurrency: 4 },
    })
    const { child, ended } = await shop.start('run', '--json', '--report', 'run.html')
    await shop.untilAdjustHas(30)
    child.kill('SIGKILL')
    await ended
    expect(await htmlFiles(shop)).toEqual([])
    const [{ run_id: runId } = { run_id: '' }] = await shop.sql<{ run_id: string }>(
      'SELECT DISTINCT run_id FROM s2s_runs',
    )
    const dead = JSON.parse((await shop.command('report', runId, '--json')).stdout) as Report
    expect(dead).toMatchObject({
      run: { state: 'died', exit_code: null },
      counts: { read: null },
      headline: { level: 'bad' },
    })
    await shop.run(0)
    const settled = JSON.parse((await shop.command('report', runId, '--json')).stdout) as Report
    expect(settled).toMatchObject({ run: { state: 'recovered' }, newer_runs: [{ state: 'ended' }] })
    // What the journal held is in the audit table by now.
    expect(settled.counts.delivered + settled.counts.in_doubt).toBeGreaterThanOrEqual(30)
  })
})

describe('run --report', () => {
  it('writes the page after the run, as a whole, over an older one', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    await writeFile(shop.path('run.html'), 'an older page')
    const { summary, stderr } = await shop.run(0, '--report', 'run.html')
    expect(await page(shop)).toContain(summary.run_id)
    expect(stderr).toContain('run.html')
    expect(await htmlFiles(shop)).toEqual(['run.html'])
  })

  it.each([
    [3, { devices: { [uuid(1)]: { installed_at: minutesAgo(1) } } }, 'Too many events were rejected'],
    [
      4,
      { apps: { [APP]: { secret: 'right', security: 'active' as const } } },
      'Adjust refused the credentials',
    ],
  ])('writes it when the run ends with %i', async (code, world, words) => {
    const shop = await openShop({ purchases: [purchase('t1', { gps_adid: uuid(1) })], world })
    await shop.run(code, '--report', 'run.html', '--max-rejected', '0')
    expect(await page(shop)).toContain(words)
  })

  it('tells what ended a run that failed in the middle', async () => {
    const { warehouse, config, log, file } = await runningRun()
    const report = await RunReport.prepare(file)
    report.begun(RUN)
    await report.write(config, warehouse, log, new TransientError('the disk is full'), NOT_STOPPED)
    const text = await readFile(file, 'utf8')
    expect(text).toContain('The run failed after 1 event was delivered: the disk is full')
    expect(text).toContain('75: try again later')
  })

  it('only warns when the warehouse is away, too', async () => {
    const { warehouse, config, log, file, warnings } = await runningRun()
    const report = await RunReport.prepare(file)
    report.begun(RUN)
    await warehouse.close()
    await report.write(config, warehouse, log, new TransientError('the warehouse is away'), NOT_STOPPED)
    await expect(readFile(file)).rejects.toThrow('ENOENT')
    expect(warnings()).toContain('the report was not written')
  })

  it.each([
    ['two minutes', 120_000, null],
    ['half a minute after a failure', 30_000, new TransientError('the disk is full')],
  ])('gives a warehouse that does not answer %s', async (_name, patienceMs, error) => {
    const { isOverAfter, written, clock, warnings } = await stuckReport(error, new AbortController())
    expect(await isOverAfter(patienceMs - 1)).toBe(false)
    expect(await isOverAfter(1)).toBe(true)
    await written
    expect(warnings()).toContain('the warehouse took too long to answer')
    expect(clock.pendingTimers).toBe(0)
  })

  it('gives it ten seconds when the run was asked to stop', async () => {
    const stop = new AbortController()
    stop.abort()
    const { isOverAfter, written, clock } = await stuckReport(null, stop)
    expect(await isOverAfter(AFTER_STOP_MS - 1)).toBe(false)
    expect(await isOverAfter(1)).toBe(true)
    await written
    expect(clock.pendingTimers).toBe(0)
  })

  it('gives it ten seconds more when it is asked to stop meanwhile', async () => {
    const stop = new AbortController()
    const { isOverAfter, written } = await stuckReport(null, stop)
    expect(await isOverAfter(60_000)).toBe(false)
    stop.abort()
    expect(await isOverAfter(AFTER_STOP_MS - 1)).toBe(false)
    expect(await isOverAfter(1)).toBe(true)
    await written
  })

  it('has a file for each of several shards', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    await shop.run(0, '--shard', '0/2', '--report', 'run.html')
    await shop.run(0, '--shard', '1/2', '--report', 'run.html')
    expect((await htmlFiles(shop)).toSorted()).toEqual(['run-0-of-2.html', 'run-1-of-2.html'])
    expect(await page(shop, 'run-1-of-2.html')).toContain('shard 1/2')
  })

  it('writes it when the run is asked to stop', async () => {
    const shop = await openShop({
      purchases: manyPurchases(400, 50),
      faults: { latency_ms: 60 },
      delivery: { concurrency: 16 },
    })
    const { child, ended } = await shop.start('run', '--json', '--report', 'run.html')
    await shop.untilAdjustHas(60)
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 75 })
    expect(await page(shop)).toContain('The run stopped before its end')
  })

  it('finds out before it sends that there is no such folder', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    const { code, stderr } = await shop.command('run', '--report', 'nowhere/run.html')
    expect(code).toBe(2)
    expect(stderr).toContain('there is no folder')
    expect(shop.adjust.truth()).toEqual([])
    expect(await shop.sql('SELECT * FROM s2s_runs')).toEqual([])
  })

  it('warns when it cannot be written after all, and ends as the run did', async () => {
    const shop = await openShop({
      purchases: manyPurchases(60, 60),
      faults: { latency_ms: 50 },
      delivery: { concurrency: 4 },
    })
    const { child, ended } = await shop.start('run', '--json', '--report', 'run.html')
    await shop.untilAdjustHas(5)
    await mkdir(shop.path('run.html'))
    const { code, stdout, stderr } = await ended
    expect(child.killed).toBe(false)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ exit_code: 0, counts: { delivered: 60 } })
    expect(stderr).toContain('the report was not written')
  })

  it('has no page of a run that did not begin', async () => {
    const shop = await openShop({ purchases: [purchase('t1')] })
    await shop.run(0)
    // There is a run to tell of, and it is not this one.
    await shop.writeSource('SELECT 1 AS nothing')
    const { code } = await shop.command('run', '--report', 'run.html')
    expect(code).toBe(2)
    expect(await htmlFiles(shop)).toEqual([])
  })

  it.each([
    [['--dry-run', '--report', 'run.html'], '--report goes without --dry-run'],
    [['--report', '-'], 'standard output belongs to the summary'],
  ])('refuses %j', async (flags, message) => {
    const shop = await openShop()
    const { code, stderr } = await shop.command('run', ...flags)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('the file of a report', () => {
  it('stays a link, and what it leads to is replaced', async () => {
    const target = scratchPath('target.html')
    const link = `${target}.link`
    await writeFile(target, 'old')
    await symlink(target, link)
    await writeReportFile(link, 'new')
    expect((await lstat(link)).isSymbolicLink()).toBe(true)
    expect(await readFile(target, 'utf8')).toBe('new')
  })

  it('is no file where a device is', async () => {
    await writeReportFile('/dev/null', 'text')
    expect((await lstat('/dev/null')).isCharacterDevice()).toBe(true)
  })

  it.skipIf(process.getuid?.() === 0)('may be a device in a folder that may not be written', async () => {
    await expect(checkReportFile('--report', '/dev/null')).resolves.toBeUndefined()
  })

  it.skipIf(process.getuid?.() === 0)('is refused in a folder that may not be written', async () => {
    const folder = scratchPath('folder')
    await mkdir(folder)
    await chmod(folder, 0o500)
    await expect(checkReportFile('--report', `${folder}/r.html`)).rejects.toThrow('may not be written')
  })
})
