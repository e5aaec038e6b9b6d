import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type DoctorJob, doctorJob, exitCodeOf, type Finding } from '../../src/doctor-job.ts'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { openWarehouse } from '../../src/warehouse/open-warehouse.ts'
import { APP, daysAgo, openShop, purchase, type Shop, type ShopOptions } from '../end-to-end/shop.ts'
import { emptyFolder, runCli } from './cli-process.ts'

interface Check {
  check: string
  status: Finding['status']
  detail: string
  hint: string | null
  request?: { parameters: string[] }
}

interface Report {
  /** By name. */
  checks: Record<string, Check>
  exitCode: number | null
}

/** `doctor --json` by the real command. */
async function doctor(shop: Shop, ...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await shop.command('doctor', '--json', ...args)
  const {
    checks,
    exit_code: exitCode,
    ...counts
  } = JSON.parse(stdout) as {
    checks: Check[]
    exit_code: number
  }
  expect(exitCode, stderr).toBe(code)
  const count = (status: Finding['status']) => checks.filter((check) => check.status === status).length
  expect(counts).toEqual({
    ok: count('ok'),
    warnings: count('warning'),
    failed: count('failed'),
    skipped: count('skipped'),
  })
  return { checks: Object.fromEntries(checks.map((check) => [check.check, check])), exitCode }
}

const namesOf = ({ checks }: Report, status: Finding['status']) =>
  Object.values(checks).flatMap((check) => (check.status === status ? [check.check] : []))

const shopWith = (options: ShopOptions = {}) => openShop({ purchases: [purchase('order-1')], ...options })

const SECURED = { apps: { [APP]: { secret: 'right-token', security: 'active' as const } } }

describe('doctor', () => {
  it('finds nothing wrong where a run would go well, sends no event and writes nothing', async () => {
    const shop = await shopWith()
    const report = await doctor(shop)
    expect(namesOf(report, 'failed')).toEqual([])
    expect(namesOf(report, 'skipped')).toEqual(['test event'])
    expect(report.exitCode).toBe(0)
    expect(shop.counted()).toEqual([])
    expect(shop.adjust.truth().map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /'])
    for (const table of ['s2s_audit', 's2s_runs', 's2s_lease'])
      expect(await shop.sql(`SELECT * FROM ${table}`), table).toEqual([])
    await expect(readFile(shop.path('state'))).rejects.toThrow('ENOENT')
  })

  it('shows what becomes of a sample row, ids masked', async () => {
    const id = '3f2b1c4d-0000-4000-8000-00000000000a'
    const shop = await openShop({ purchases: [purchase('order-1', { gps_adid: id })] })
    const { checks } = await doctor(shop)
    expect(checks['sample row']).toMatchObject({ status: 'ok', detail: 'order-1 would be sent' })
    expect(checks['sample row']!.request!.parameters).toContain('gps_adid=3f2b…')
    expect(JSON.stringify(checks)).not.toContain(id)
  })

  it('prints a line for each check, the mend under what failed, and how many there were', async () => {
    const shop = await shopWith({ tables: false })
    const { code, stdout, stderr } = await shop.command('doctor')
    expect(stderr).toBe('')
    expect(code).toBe(2)
    expect(stdout).toMatch(/^ok {7}source file {8}\S/m)
    expect(stdout).toMatch(/^failed {3}tables {13}.* lacks s2s_audit.*\n +mend: .*adjust-s2s init/m)
    expect(stdout).toMatch(/^skipped {2}sample row {9}it needs: tables$/m)
    expect(stdout).toMatch(/\n13 checks: 9 ok, 1 failed, 3 skipped\n$/)
  })

  it('prints only what has to be mended with --quiet', async () => {
    const shop = await shopWith({ tables: false })
    const { stdout } = await shop.command('doctor', '--quiet')
    expect(stdout.split('\n').filter((line) => /^(ok|skipped)/.test(line))).toEqual([])
    expect(stdout).toMatch(/^failed {3}tables/)
  })
})

describe('doctor --help', () => {
  it('says that nothing is sent unless it is asked for, with examples', async () => {
    const { code, stdout } = await runCli(['doctor', '--help'])
    expect(code).toBe(0)
    expect(stdout.replace(/\s+/g, ' ')).toContain('Nothing is sent')
    expect(stdout).toContain('adjust-s2s doctor --send-test-event')
  })
})

describe('a configuration that cannot be loaded', () => {
  it('is the first failed check, and everything else needs it', async () => {
    const { code, stdout } = await runCli(['doctor', '--json'], { cwd: await emptyFolder() })
    const { checks } = JSON.parse(stdout) as { checks: Check[] }
    expect(code).toBe(2)
    expect(checks[0]).toMatchObject({
      check: 'configuration',
      status: 'failed',
      hint: 'adjust-s2s init --example > adjust-s2s.yaml',
    })
    expect(new Set(checks.slice(1).map(({ status }) => status))).toEqual(new Set(['skipped']))
  })

  it('has all of its problems listed', async () => {
    const shop = await shopWith()
    await shop.configure({ delivery: { timeout: 5, concurrency: 0 } })
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(2)
    expect(checks.configuration!.detail).toContain('delivery.timeout is not a setting')
    expect(checks.configuration!.detail).toContain('delivery.concurrency is 0')
  })
})

describe('a source', () => {
  it('that is not there fails', async () => {
    const shop = await shopWith()
    await shop.configure({ source: 'elsewhere.sql' })
    const report = await doctor(shop)
    expect(report.exitCode).toBe(2)
    expect(report.checks['source file']!.detail).toContain('elsewhere.sql cannot be read: it does not exist')
    expect(namesOf(report, 'skipped')).toEqual(['source columns', 'sample row', 'test event'])
  })

  it('with a column of a wrong type fails with the cast that mends it', async () => {
    const shop = await shopWith({ source: 'SELECT * REPLACE (revenue::DOUBLE AS revenue) FROM purchases' })
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(2)
    expect(checks['source columns']).toMatchObject({ status: 'failed' })
    expect(checks['source columns']!.detail).toContain('CAST(revenue AS DECIMAL(18,3)) AS revenue')
  })

  it('that breaks off on a value fails in words about the source', async () => {
    const shop = await shopWith({
      source: "SELECT * REPLACE (CAST('x' || currency AS INTEGER) AS currency) FROM purchases",
    })
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(2)
    expect(checks['sample row']).toMatchObject({ status: 'failed' })
    expect(checks['sample row']!.detail).toContain('the source SELECT fails')
  })

  it('that finds nothing is a warning', async () => {
    const { checks, exitCode } = await doctor(await openShop())
    expect(exitCode).toBe(0)
    expect(checks['sample row']).toMatchObject({ status: 'warning' })
    expect(checks['sample row']!.detail).toContain('yields no row')
  })

  it('of which everything is settled is fine', async () => {
    const shop = await shopWith()
    await shop.run(0)
    const { checks } = await doctor(shop)
    expect(checks['sample row']).toMatchObject({ status: 'ok' })
    expect(checks['sample row']!.detail).toBe('all rows are settled, such as order-1: delivered (ok)')
  })

  it('of which no row could be sent is a warning with the reason', async () => {
    const shop = await openShop({
      purchases: [
        purchase('no-currency', { currency: null, occurred_at: daysAgo(2) }),
        purchase('no-device', { gps_adid: null }),
      ],
    })
    const { checks } = await doctor(shop)
    expect(checks['sample row']).toMatchObject({ status: 'warning' })
    expect(checks['sample row']!.detail).toContain('no-currency would not be sent: currency_missing')
    expect(checks['sample row']!.detail).toContain('2 of the first 2 rows')
  })
})

describe('a DuckDB file', () => {
  it('that is not there fails, and what stands on it is skipped', async () => {
    const shop = await shopWith()
    await shop.configure({ warehouse: { type: 'duckdb', path: 'nowhere.duckdb' } })
    const report = await doctor(shop)
    expect(report.exitCode).toBe(2)
    expect(report.checks.warehouse!.detail).toContain('nowhere.duckdb does not exist')
    expect(report.checks['source columns']!.detail).toBe('it needs: warehouse')
    expect(report.checks['source file']!.status).toBe('ok')
  })

  it('that another process has open passes by itself', async () => {
    const shop = await shopWith()
    const instance = await DuckDBInstance.create(shop.warehousePath)
    onTestFinished(() => instance.closeSync())
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(75)
    expect(checks.warehouse!.detail).toContain(`in use by process ${process.pid}`)
  })

  it('of which a table lacks a column fails', async () => {
    const shop = await shopWith()
    await shop.sql('DROP VIEW s2s_latest')
    await shop.sql('ALTER TABLE s2s_audit DROP COLUMN message')
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(2)
    expect(checks.tables!.detail).toContain('s2s_audit.message')
  })
})

describe('a state directory', () => {
  it('that is a file fails', async () => {
    const shop = await shopWith()
    await writeFile(shop.path('state'), '')
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(2)
    expect(checks['state directory']!.detail).toContain('is a file, not a folder')
    expect(checks['state directory']!.hint).toContain('ADJUST_S2S_STATE_DIR')
  })

  // Nobody may write there, not even root.
  it.skipIf(process.platform !== 'linux')('that cannot be made fails', async () => {
    const shop = await shopWith()
    await shop.configure({ state_dir: '/proc/adjust-s2s' })
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(2)
    expect(checks['state directory']!.detail).toContain('cannot be written')
  })

  it.skipIf(process.getuid?.() === 0)('that this user may not write to fails', async () => {
    const shop = await shopWith()
    await mkdir(shop.path('state'))
    await chmod(shop.path('state'), 0o500)
    expect((await doctor(shop)).exitCode).toBe(2)
  })
})

describe('Adjust', () => {
  it('that is not there passes by itself', async () => {
    const shop = await shopWith()
    await shop.adjust.close()
    const report = await doctor(shop, '--send-test-event')
    expect(report.exitCode).toBe(75)
    expect(namesOf(report, 'failed')).toEqual(['Adjust'])
    expect(report.checks['test event']!.detail).toBe('it needs: Adjust')
  })

  it('without sound TLS has to be mended', async () => {
    const shop = await shopWith()
    await shop.configure({ adjust: { url: shop.adjust.url.replace('http:', 'https:') } })
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(2)
    expect(checks.Adjust!.detail).toMatch(/^TLS with https:\/\/127\.0\.0\.1/)
  })

  it('that answers with a failure of its own is a warning', async () => {
    const shop = await shopWith({ faults: { gateway_error: { probability: 1, statuses: [503] } } })
    const { checks, exitCode } = await doctor(shop)
    expect(exitCode).toBe(0)
    expect(checks.Adjust).toMatchObject({ status: 'warning' })
    expect(checks.Adjust!.detail).toContain('503')
  })
})

describe('doctor --send-test-event', () => {
  it('sends one event of a made-up device to the sandbox, though the settings say production', async () => {
    const row = purchase('order-1', { user_agent: 'Mozilla/5.0', callback_params: '{"user": "u-1"}' })
    const shop = await shopWith({ purchases: [row], adjust: { environment: 'production' } })
    const { checks, exitCode } = await doctor(shop, '--send-test-event')
    expect(exitCode).toBe(0)
    expect(checks['test event']).toMatchObject({ status: 'ok' })
    const [event, ...others] = shop.adjust.truth().filter(({ path }) => path === '/event')
    expect(others).toEqual([])
    expect(event).toMatchObject({ appToken: APP, eventToken: 'abc123', revenue: null, violations: [] })
    expect(event!.parameters).toMatchObject({ environment: 'sandbox' })
    expect(JSON.stringify(event)).not.toContain('u-1')
    expect(JSON.stringify(event)).not.toContain('Mozilla')
    expect(event!.identifiers.gps_adid).toMatch(/^[0-9a-f-]{36}$/)
    expect(event!.identifiers.gps_adid).not.toBe(row.gps_adid)
  })

  it('leaves no trace in the audit table', async () => {
    const shop = await shopWith()
    await doctor(shop, '--send-test-event')
    expect(await shop.audit()).toEqual({})
  })

  it('says that the token is taken', async () => {
    const shop = await shopWith({ world: SECURED, env: { ADJUST_S2S_TOKEN: 'right-token' } })
    const { checks } = await doctor(shop, '--send-test-event')
    expect(checks.token).toMatchObject({ status: 'ok', detail: `one is set for app ${APP}` })
    expect(checks['test event']!.detail).toBe(`Adjust answered 200 "OK": the token of app ${APP} is taken`)
  })

  it('takes an unknown device for the answer that it should be', async () => {
    const shop = await shopWith({
      world: { ...SECURED, any_device: false },
      env: { ADJUST_S2S_TOKEN: 'right-token' },
    })
    const { checks, exitCode } = await doctor(shop, '--send-test-event')
    expect(exitCode).toBe(0)
    expect(checks['test event']!.detail).toContain(`Device not found`)
  })

  it.each([
    [
      'a wrong token with security on',
      { secret: 'right-token', security: 'active' as const },
      'Failed to authorize',
    ],
    ['a wrong token with security off', { secret: 'right-token' }, 'Wrong authentication token'],
    ['an inactive app', { status: 'inactive' as const }, 'App is inactive'],
    ['an unknown event token', { any_event_token: false }, 'Invalid event token'],
  ])('ends with 4 and the words of Adjust at %s', async (_, app, words) => {
    const shop = await shopWith({ world: { apps: { [APP]: app } }, env: { ADJUST_S2S_TOKEN: 'wrong-token' } })
    const { checks, exitCode } = await doctor(shop, '--send-test-event')
    expect(exitCode).toBe(4)
    expect(checks['test event']).toMatchObject({ status: 'failed' })
    expect(checks['test event']!.detail).toContain(words)
    expect(checks['test event']!.hint).not.toBeNull()
    expect(JSON.stringify(checks)).not.toContain('wrong-token')
  })

  it('warns of a wrong token where the settings allow it', async () => {
    const shop = await shopWith({
      world: { apps: { [APP]: { secret: 'right-token' } } },
      adjust: { unauthenticated: 'allow' },
    })
    const { checks, exitCode } = await doctor(shop, '--send-test-event')
    expect(exitCode).toBe(0)
    expect(checks['test event']).toMatchObject({ status: 'warning' })
  })

  it('sends nothing where there is no row to take tokens from', async () => {
    const shop = await openShop()
    const { checks } = await doctor(shop, '--send-test-event')
    expect(checks['test event']).toMatchObject({ status: 'skipped' })
    expect(shop.adjust.truth().filter(({ path }) => path === '/event')).toEqual([])
  })
})

/** The job itself, for what no command can be told. */
async function findings(shop: Shop, changes: Partial<DoctorJob>): Promise<Map<string, Finding>> {
  const all = new Map<string, Finding>()
  const job: DoctorJob = {
    loadConfig: () => loadConfig({ path: shop.path('adjust-s2s.yaml'), env: {} }),
    openWarehouse,
    sendTestEvent: false,
    ...changes,
  }
  for await (const finding of doctorJob(job)) all.set(finding.check, finding)
  return all
}

const aheadBy = (ms: number): Clock => ({ ...systemClock, now: () => systemClock.now() + ms })

describe('the clock of this machine', () => {
  it.each([
    [0, 'ok'],
    [3_000, 'ok'],
    [20_000, 'warning'],
    [-20_000, 'warning'],
    [120_000, 'failed'],
    [-120_000, 'failed'],
  ])('that is %i ms ahead of Adjust is %s', async (ms, status) => {
    const all = await findings(await shopWith(), { clock: aheadBy(ms) })
    expect(all.get('clock')!.status).toBe(status)
    if (status !== 'ok') expect(all.get('clock')!.detail).toContain(ms > 0 ? 'ahead of' : 'behind')
    expect(exitCodeOf([...all.values()])).toBe(status === 'failed' ? 2 : 0)
  })
})

describe('an error that nobody foresaw', () => {
  it('is a failed check that says that it is a bug', async () => {
    const all = await findings(await shopWith(), {
      openWarehouse: async () => {
        throw new RangeError('index out of range')
      },
    })
    expect(all.get('warehouse')).toMatchObject({ status: 'failed', exitCode: 1 })
    expect(all.get('warehouse')!.detail).toContain('index out of range (This is a bug')
    expect(exitCodeOf([...all.values()])).toBe(1)
  })
})

describe('the exit code', () => {
  it('is that of the gravest failure', () => {
    const of = (...codes: (0 | 1 | 2 | 4 | 75)[]) => exitCodeOf(codes.map((exitCode) => ({ exitCode })))
    expect(of()).toBe(0)
    expect(of(0, 75)).toBe(75)
    expect(of(75, 4, 0)).toBe(4)
    expect(of(4, 2, 75)).toBe(2)
    expect(of(2, 1)).toBe(1)
  })
})
