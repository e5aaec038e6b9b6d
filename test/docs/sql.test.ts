import { mkdir, open, readdir, rename } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { openShop, purchase, type Shop } from '../end-to-end/shop.ts'
import { fencesOf, readPage } from './page.ts'

/** The statements of a page, by a word that is in one of them alone. */
function sqlOf(page: string, word: string): string {
  const found = fencesOf(readPage(page)).filter(
    ({ language, code }) => language === 'sql' && code.includes(word),
  )
  expect(found, word).toHaveLength(1)
  return found[0]!.code.replace(/;\s*$/, '')
}

const IDFA = 'AEBE52E7-03EE-455A-B3C4-E57283966239'

/** Two orders of the person whom docs/security.md speaks of, and one of somebody else, delivered. */
async function deliveredShop(): Promise<Shop> {
  const shop = await openShop({
    purchases: [
      purchase('ORDER-1042', { idfa: IDFA, gps_adid: null, adid: 'a'.repeat(32) }),
      purchase('ORDER-1043', { idfa: IDFA, gps_adid: null }),
      purchase('ORDER-2000'),
    ],
  })
  await shop.run(0)
  expect(shop.counted()).toHaveLength(3)
  return shop
}

describe('taking the names of a device out of the audit table, as docs/security.md has it', () => {
  const page = 'docs/security.md'

  it('finds the names that stood beside the one that is known', async () => {
    const shop = await deliveredShop()
    const rows = await shop.sql<{ names: string }>(sqlOf(page, 'SELECT DISTINCT'))
    const names = new Set(rows.flatMap((row) => row.names.split(' ').map((name) => name.split(':')[0])))
    expect(names).toEqual(new Set(['idfa', 'adid']))
  })

  it('leaves none of them, no other row touched, and sends nothing twice', async () => {
    const shop = await deliveredShop()
    await shop.sql(sqlOf(page, 'UPDATE s2s_audit'))
    const rows = await shop.sql(
      `SELECT transaction_id, device IS NULL AND len(device_names) = 0 AS nameless FROM s2s_audit ORDER BY ALL`,
    )
    expect(rows).toEqual([
      { transaction_id: 'ORDER-1042', nameless: true },
      { transaction_id: 'ORDER-1043', nameless: true },
      { transaction_id: 'ORDER-2000', nameless: false },
    ])
    await shop.sell([purchase('ORDER-1044', { idfa: IDFA, gps_adid: null })])
    await shop.run(0)
    expect(shop.counted().toSorted()).toEqual(['ORDER-1042', 'ORDER-1043', 'ORDER-1044', 'ORDER-2000'])
  })

  it('by deleting the rows sends nothing twice once they are gone from the source, and twice if they are not', async () => {
    const shop = await deliveredShop()
    await shop.sql("DELETE FROM purchases WHERE transaction_id = 'ORDER-1042'")
    await shop.sql(sqlOf(page, 'DELETE FROM s2s_audit WHERE transaction_id'))
    await shop.run(0)
    expect(shop.counted().filter((id) => id === 'ORDER-1042')).toHaveLength(1)
    expect(shop.counted().filter((id) => id === 'ORDER-1043')).toHaveLength(2)
  })

  it('forgets old rows alone', async () => {
    const shop = await deliveredShop()
    await shop.sql(
      `UPDATE s2s_audit SET occurred_at = TIMESTAMPTZ '2026-06-30 12:00:00Z' WHERE transaction_id = 'ORDER-1042'`,
    )
    await shop.sql(sqlOf(page, 'WHERE occurred_at <'))
    expect(Object.keys(await shop.audit())).toEqual(['ORDER-1043', 'ORDER-2000'])
  })
})

describe('an audit table that came back from an older backup, as docs/runbook.md has it', () => {
  it('sends everything again if nobody does anything', async () => {
    const shop = await deliveredShop()
    await shop.sql("DELETE FROM s2s_audit WHERE transaction_id <> 'ORDER-1042'")
    await shop.run(0)
    expect(shop.counted()).toHaveLength(5)
  })

  it('sends nothing again once what the export has was entered, and goes on with what is new', async () => {
    const shop = await deliveredShop()
    await shop.sql("DELETE FROM s2s_audit WHERE transaction_id <> 'ORDER-1042'")
    const rows = shop.counted().map((id) => `('${id}', now())`)
    await shop.sql('CREATE SCHEMA raw_data')
    await shop.sql(
      `CREATE TABLE raw_data.adjust_events AS SELECT * FROM (VALUES ${rows.join(', ')}, (NULL, now())) AS t(transaction_id, created_at)`,
    )
    await shop.sql(sqlOf('docs/runbook.md', 'INSERT INTO s2s_audit'))
    await shop.sell([purchase('ORDER-3000')])
    const { summary } = await shop.run(0)
    expect(summary.counts.read).toBe(1)
    expect(shop.counted().toSorted()).toEqual(['ORDER-1042', 'ORDER-1043', 'ORDER-2000', 'ORDER-3000'])
  })
})

describe('other queries of docs/runbook.md', () => {
  it('tell who has sent delivered events again', async () => {
    const shop = await deliveredShop()
    const window = ['--from', '2026-01-01', '--to', '2100-01-01']
    await shop.run(0, ...window, '--resend', 'all', '--confirm', '2026-01-01/2100-01-01')
    const rows = await shop.sql<{ command: string }>(sqlOf('docs/runbook.md', "resend = 'all'"))
    expect(rows).toHaveLength(1)
    expect(rows[0]!.command).toContain('--resend all')
  })
})

describe('a damaged journal, as docs/runbook.md has it', () => {
  it('that is moved away leaves doubts, and nothing is sent twice', async () => {
    const purchases = Array.from({ length: 40 }, (_, index) => purchase(`p${index}`))
    const shop = await openShop({ purchases, faults: { latency_ms: 40 }, delivery: { concurrency: 4 } })
    const { child, ended } = await shop.start('run')
    await shop.untilAdjustHas(20)
    child.kill('SIGKILL')
    await ended
    const segments = (await readdir(shop.path('state'))).filter((name) => name.startsWith('journal-'))
    await flipByte(shop.path(`state/${segments[0]}`), 700)
    expect((await shop.command('run')).stderr).toContain('the journal is damaged')
    await mkdir(shop.path('state/damaged'))
    for (const name of segments) await rename(shop.path(`state/${name}`), shop.path(`state/damaged/${name}`))
    const { summary } = await shop.run(0)
    expect(summary.reasons.map(({ reason }) => reason)).toContain('journal_lost')
    expect(shop.adjust.summary().countedTwice).toEqual([])
  })
})

async function flipByte(file: string, offset: number): Promise<void> {
  const handle = await open(file, 'r+')
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, offset)
  await handle.write(Buffer.from([buffer[0]! ^ 0xff]), 0, 1, offset)
  await handle.close()
}
