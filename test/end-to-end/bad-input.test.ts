import { open, readdir, rm, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import type { RunSummary } from '../../src/summary.ts'
import { runCli } from '../cli/cli-process.ts'
import {
  type AuditEntry,
  minutesAgo,
  openShop,
  type Purchase,
  purchase,
  type Shop,
  type ShopOptions,
  uuid,
} from './shop.ts'

/** A run that ends before anything is sent: its exit code, and what it says, without a stack trace. */
async function refusal(shop: Shop, exitCode: number, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await shop.command('run', ...args)
  expect({ code, stdout }, stderr).toEqual({ code: exitCode, stdout: '' })
  expect(stderr).toMatch(/^error: /m)
  expect(stderr).toMatch(/^ hint: \S/m)
  expect(stderr).not.toMatch(/^ +at /m)
  expect(shop.adjust.truth()).toEqual([])
  return stderr
}

const withSource = (source: string, options: ShopOptions = {}) =>
  openShop({ purchases: [purchase('one')], source, ...options })

describe('a row that cannot be sent', () => {
  const twoMegabytes = JSON.stringify({ note: 'x'.repeat(2_000_000) })
  /** Each row by its transaction id: what is wrong with it, how it is settled, and what the message says. */
  const BAD: Record<string, [Purchase, string, RegExp]> = {
    'no time': [{ occurred_at: null }, 'invalid occurred_at_missing', /^$/],
    'year 9999': [{ occurred_at: '9999-12-31T00:00:00Z' }, 'invalid occurred_at_in_future', /minutes ahead/],
    'no app': [{ app_token: null }, 'invalid app_token_missing', /^$/],
    'no token': [{ event_token: ' ' }, 'invalid event_token_missing', /^$/],
    'unknown kind': [{ kind: 'purchase' }, 'invalid kind_unknown', /kind is "purchase"/],
    'no identifier': [{ gps_adid: null }, 'invalid identifier_missing', /no identifier/],
    'zeros alone': [
      { gps_adid: '00000000-0000-0000-0000-000000000000' },
      'invalid identifier_missing',
      /all-zero/,
    ],
    'odd identifier': [{ gps_adid: 'not-a-uuid' }, 'invalid identifier_malformed', /gps_adid/],
    'revenue NaN': [{ revenue: 'NaN' }, 'invalid revenue_malformed', /revenue is "NaN"/],
    'revenue 1e400': [{ revenue: '1e400' }, 'invalid revenue_out_of_range', /revenue is "1e400"/],
    'revenue -5': [{ revenue: '-5' }, 'invalid revenue_negative', /revenue is "-5"/],
    'revenue 0.0005': [{ revenue: '0.0005' }, 'invalid revenue_out_of_range', /revenue is "0\.0005"/],
    'no currency': [{ currency: null }, 'invalid currency_missing', /revenue without currency/],
    'odd currency': [{ currency: 'EURO' }, 'invalid currency_unknown', /EURO/],
    nested: [
      { callback_params: '{"cart": {"size": 2}}' },
      'invalid parameters_nested',
      /callback_params\.cart/,
    ],
    'no JSON': [{ partner_params: 'a=b' }, 'invalid parameters_malformed', /partner_params/],
    reserved: [{ parameters: '{"revenue": "5"}' }, 'invalid parameters_reserved', /parameters\.revenue/],
    'two megabytes': [{ callback_params: twoMegabytes }, 'rejected request_too_large', /callback_params/],
  }
  let summary: RunSummary
  let audit: Record<string, AuditEntry>
  let counted: string[]

  beforeAll(async () => {
    const cleanUps: (() => Promise<void>)[] = []
    const shop = await openShop(
      {
        purchases: [
          ...Object.entries(BAD).map(([id, [changes]]) => purchase(id, changes)),
          purchase('IPv6', { ip_address: '2001:db8::1' }),
          purchase('good'),
        ],
        columnTypes: { revenue: 'VARCHAR' },
      },
      (cleanUp) => void cleanUps.unshift(cleanUp),
    )
    summary = (await shop.run(0)).summary
    audit = await shop.audit()
    counted = shop.counted()
    return async () => {
      for (const cleanUp of cleanUps) await cleanUp()
    }
  })

  it.each(Object.entries(BAD))('%s: is settled with its reason', (id, [, outcome, message]) => {
    const { status, reason, message: said } = audit[id]!
    expect(`${status} ${reason}`).toBe(outcome)
    expect(said ?? '').toMatch(message)
  })

  it('does not keep the others from being sent, and the counts add up', () => {
    expect(new Set(counted)).toEqual(new Set(['good', 'IPv6']))
    const { read, ...settled } = summary.counts
    expect(read).toBe(Object.keys(BAD).length + 2)
    expect(Object.values(settled).reduce((sum, count) => sum + count)).toBe(read)
  })

  it('is not one whose IPv6 address is left out, with a warning', () => {
    expect(audit.IPv6).toMatchObject({
      status: 'delivered',
      warnings: expect.arrayContaining(['ip_address_ipv6']),
    })
  })
})

describe('a transaction_id', () => {
  it('that is missing makes its row invalid, once', async () => {
    const shop = await openShop({ purchases: [purchase(null), purchase('', { event_token: 'def456' })] })
    await shop.run(0)
    expect(Object.values(await shop.outcomes())).toEqual(Array(2).fill('invalid transaction_id_missing'))
    expect((await shop.run(0)).summary.counts.read).toBe(0)
    expect(shop.adjust.truth()).toEqual([])
  })

  it('that comes twice is sent once, and no later run sends the copy', async () => {
    const twice = [130, 120].map((minutes) => purchase('twin', { occurred_at: minutesAgo(minutes) }))
    const shop = await openShop({ purchases: twice })
    const { summary } = await shop.run(0)
    expect(summary.counts).toMatchObject({ read: 2, delivered: 1, duplicate: 1 })
    await shop.run(0)
    expect(shop.counted()).toEqual(['twin'])
  })
})

describe('a byte order mark', () => {
  it('before a transaction_id is no part of it: the event is sent once, and explained without it', async () => {
    const marked = purchase('\ufefffirst', { occurred_at: minutesAgo(130) })
    const shop = await openShop({ purchases: [marked, purchase('second')] })
    expect((await shop.run(0)).summary.counts).toMatchObject({ read: 2, delivered: 2 })
    expect((await shop.run(0)).summary.counts.read).toBe(0)
    expect(shop.counted().toSorted()).toEqual(['first', 'second'])
    const { stdout } = await shop.command('explain', 'first', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      transaction_id: 'first',
      source_rows: 1,
      history: [{ status: 'delivered' }],
    })
  })

  it('before an identifier does not make a second device of it', async () => {
    const gpsAdid = uuid(1)
    const shop = await openShop({
      purchases: [purchase('newer', { gps_adid: gpsAdid, occurred_at: minutesAgo(60) })],
    })
    await shop.run(0)
    await shop.sell([purchase('older', { gps_adid: `\ufeff${gpsAdid}` })])
    await shop.run(0)
    expect((await shop.outcomes()).older).toMatch(/^late /)
    expect(shop.counted()).toEqual(['newer'])
  })
})

describe('a window', () => {
  it('without rows is no fault', async () => {
    const shop = await openShop()
    const { code, stdout } = await shop.command('run')
    expect(code).toBe(0)
    expect(stdout).toContain('0 read = 0 settled')
  })

  it('whose --from is not before its --to is refused', async () => {
    const shop = await openShop()
    const said = await refusal(shop, 2, '--from', '2026-03-01', '--to', '2026-02-01')
    expect(said).toContain('--from 2026-03-01 is not before --to 2026-02-01')
  })

  it('whose --to alone is before the age limit is refused, by plan as well', async () => {
    const shop = await openShop()
    const said = await refusal(shop, 2, '--to', '2020-01-01')
    expect(said).toMatch(
      /--to 2020-01-01T00:00:00\.000Z is not after the age limit .*Z: the window would be empty/,
    )
    expect(said).toContain('Give --from as well')
    expect((await shop.command('plan', '--to', '2020-01-01')).code).toBe(2)
  })

  it('whose --from alone is within the settle time is empty so far, and says so', async () => {
    const shop = await openShop({ purchases: [purchase('new', { occurred_at: minutesAgo(1) })] })
    const { code, stdout } = await shop.command('run', '--from', minutesAgo(5))
    expect(code).toBe(0)
    expect(stdout).toContain('The window is empty so far')
  })

  it('from a date that does not exist is refused', async () => {
    const shop = await openShop()
    expect(await refusal(shop, 2, '--from', '2026-02-30')).toContain(
      '--from 2026-02-30: that date or time does not exist',
    )
  })
})

describe('a source SELECT', () => {
  it('from a table that is missing is refused with its name', async () => {
    const shop = await withSource('SELECT * FROM sales')
    expect(await refusal(shop, 2)).toMatch(/the source SELECT fails: .*sales.*does not exist/)
  })

  it('that is no SQL is refused', async () => {
    const shop = await withSource('SELEC * FROM purchases')
    expect(await refusal(shop, 2)).toMatch(
      /the source SELECT fails: Parser Error: syntax error at or near "SELEC"/,
    )
  })

  it('that is missing as a file is refused with its path', async () => {
    const shop = await openShop()
    await rm(shop.path('transactions.sql'))
    const said = await refusal(shop, 2)
    expect(said).toContain(`${shop.path('transactions.sql')} cannot be read: it does not exist`)
    expect(said).toContain('`source` in the configuration')
  })

  it.each([
    ['nothing', '', 'holds no SELECT'],
    ['comments alone', '-- SELECT 1;\n/* nothing */ ;', 'holds no SELECT'],
    ['two statements', 'SELECT * FROM purchases; DROP TABLE purchases', 'holds more than one statement'],
  ])('that holds %s is refused', async (_, source, message) => {
    const shop = await withSource(source)
    expect(await refusal(shop, 2)).toContain(message)
    expect(await shop.sql('SELECT count(*)::INTEGER AS count FROM purchases')).toEqual([{ count: 1 }])
  })

  it('lists at once every column that is missing, unknown, or of a type without an exact conversion', async () => {
    const shop = await withSource(
      `SELECT * EXCLUDE (event_token, idfa) REPLACE (revenue::DOUBLE AS revenue, occurred_at AT TIME ZONE 'UTC' AS occurred_at),
        idfa AS idfaa, 1 AS discount_code FROM purchases`,
    )
    const said = await refusal(shop, 2)
    expect(said).toContain('- column event_token is missing')
    expect(said).toMatch(/- column idfaa is not part of the source contract\. Did you mean idfa\?/)
    expect(said).toMatch(/- column discount_code is not part of the source contract/)
    expect(said).toMatch(
      /- column revenue has type DOUBLE; write CAST\(revenue AS DECIMAL\(18,3\)\) AS revenue/,
    )
    expect(said).toMatch(
      /- column occurred_at has type TIMESTAMP; write occurred_at AT TIME ZONE 'UTC' AS occurred_at/,
    )
  })

  it('whose occurred_at is text is refused with the cast that mends it, and the cast does mend it', async () => {
    const text = 'SELECT * REPLACE (CAST(occurred_at AS VARCHAR) AS occurred_at) FROM purchases'
    const shop = await withSource(text)
    const cast = /write (.*) AS occurred_at/.exec(await refusal(shop, 2))![1]!
    await shop.writeSource(`SELECT * REPLACE (${cast} AS occurred_at) FROM (${text}) AS texts`)
    await shop.run(0)
    expect(shop.counted()).toEqual(['one'])
  })

  it('that fails on a value in the middle is refused with that value', async () => {
    const source =
      "SELECT * REPLACE (CAST(CASE WHEN currency = 'EUR' THEN 'a lot' END AS DECIMAL(18,3)) AS revenue) FROM purchases"
    const shop = await withSource(source)
    expect(await refusal(shop, 2)).toMatch(/the source SELECT fails: Conversion Error: .*a lot/)
  })
})

describe('a configuration', () => {
  it('with a typo is refused with the right word', async () => {
    const shop = await openShop()
    await shop.configure({ delivery: { request_per_second: 5 } })
    const said = await refusal(shop, 2)
    expect(said).toContain('adjust-s2s.yaml')
    expect(said).toMatch(
      /line \d+ +delivery\.request_per_second is not a setting; did you mean delivery\.requests_per_second\?/,
    )
  })

  it('whose token file is missing is refused with its path', async () => {
    const shop = await openShop({ env: { ADJUST_S2S_TOKEN_FILE: '/nowhere/token' } })
    expect(await refusal(shop, 2)).toContain(
      'The token file /nowhere/token (ADJUST_S2S_TOKEN_FILE) does not exist',
    )
  })

  it('with a state directory that is a file is refused with its path', async () => {
    const shop = await openShop()
    await writeFile(shop.path('state'), 'not a folder')
    const said = await refusal(shop, 2)
    expect(said).toContain(`the state directory ${shop.path('state')} cannot be used`)
    expect(said).toContain('state_dir')
    const init = await shop.command('init')
    expect(init).toMatchObject({ code: 2 })
    expect(init.stderr).toContain(shop.path('state'))
  })
})

describe('a warehouse', () => {
  it('that does not exist is refused, and not made', async () => {
    const shop = await openShop()
    await rm(shop.warehousePath)
    const said = await refusal(shop, 2)
    expect(said).toContain(`${shop.warehousePath} does not exist`)
    expect(said).toContain('adjust-s2s init')
    expect(await readdir(shop.folder)).not.toContain('warehouse.duckdb')
  })

  it('that is no DuckDB file is refused, and left as it is', async () => {
    const shop = await openShop()
    await writeFile(shop.warehousePath, 'PK'.repeat(10_000))
    expect(await refusal(shop, 2)).toContain(`${shop.warehousePath} is not a sound DuckDB file`)
  })

  it('without our tables is refused with the command that makes them', async () => {
    const shop = await openShop({ tables: false })
    const said = await refusal(shop, 2)
    expect(said).toContain('lacks s2s_audit, s2s_runs')
    expect(said).toContain('hint: adjust-s2s init')
  })

  it('of an older version is refused with the column that it lacks, until init has added it', async () => {
    const shop = await openShop()
    await shop.sql('DROP VIEW s2s_latest; ALTER TABLE s2s_audit DROP COLUMN warnings')
    const said = await refusal(shop, 2)
    expect(said).toContain('lacks s2s_audit.warnings')
    expect(said).toContain('hint: adjust-s2s init')
    const init = await shop.command('init')
    expect(init).toMatchObject({ code: 0 })
    expect(init.stdout).toMatch(/^created +column +s2s_audit\.warnings$/m)
    expect(await shop.command('run')).toMatchObject({ code: 0 })
  })

  it('whose audit table lacks a column that every version had is refused with its name, by init as well', async () => {
    const shop = await openShop()
    await shop.sql('DROP VIEW s2s_latest; ALTER TABLE s2s_audit DROP COLUMN attempt')
    expect(await refusal(shop, 2)).toContain('s2s_audit.attempt')
    const init = await shop.command('init')
    expect(init).toMatchObject({ code: 2 })
    expect(init.stderr).toContain('s2s_audit.attempt')
    expect(init.stderr).not.toMatch(/^ +at /m)
  })
})

describe('a journal', () => {
  /** A run that is killed in mid-flight leaves a journal with its intents. */
  async function shopWithJournal(): Promise<{ shop: Shop; journal: string }> {
    const purchases = Array.from({ length: 40 }, (_, index) => purchase(`p${index}`))
    const shop = await openShop({ purchases, faults: { latency_ms: 40 }, delivery: { concurrency: 4 } })
    const { child, ended } = await shop.start('run')
    await shop.untilAdjustHas(20)
    child.kill('SIGKILL')
    await ended
    const [file] = (await readdir(shop.path('state'))).filter((name) => name.startsWith('journal-'))
    return { shop, journal: shop.path(`state/${file}`) }
  }

  it('that is damaged in the middle stops the program before it sends anything', async () => {
    const { shop, journal } = await shopWithJournal()
    const handle = await open(journal, 'r+')
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 700)
    await handle.write(Buffer.from([buffer[0]! ^ 0xff]), 0, 1, 700)
    await handle.close()
    const requests = shop.adjust.truth().length
    const { code, stderr } = await shop.command('run')
    expect(code).toBe(2)
    expect(stderr).toContain('error: the journal is damaged')
    expect(stderr).toContain(journal)
    expect(stderr).toContain('Restore the file from a backup')
    expect(stderr).not.toMatch(/^ +at /m)
    expect(shop.adjust.truth()).toHaveLength(requests)
  })

  it('of another warehouse is refused', async () => {
    const shop = await openShop()
    const other = await openShop()
    await other.run(0)
    await shop.configure({ state_dir: other.path('state') })
    const said = await refusal(shop, 2)
    expect(said).toContain(`belongs to duckdb:${other.warehousePath}`)
    expect(said).toContain('state_dir of its own')
  })
})

describe('a simulator', () => {
  it('whose port is in use says so and how to choose another', async () => {
    const shop = await openShop()
    const port = String(shop.adjust.port)
    const { code, stderr } = await runCli(['simulate', '--port', port])
    expect(code).toBe(2)
    expect(stderr).toContain(`Port ${port} is in use`)
    expect(stderr).toContain('--port 0')
  })
})
