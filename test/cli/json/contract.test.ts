import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { daysAgo, minutesAgo, openShop, purchase, type Shop, uuid } from '../../end-to-end/shop.ts'
import { runCli, startCli } from '../cli-process.ts'
import { keysOf } from './keys.ts'
import { SCHEMAS } from './schemas.ts'

/** Outcomes of most kinds: what is left out would say nothing new about keys. */
const PURCHASES = [
  purchase('order-1', { occurred_at: minutesAgo(300), gps_adid: uuid(1) }),
  purchase('order-2', { occurred_at: minutesAgo(200), gps_adid: uuid(1) }),
  purchase('order-3', { occurred_at: minutesAgo(180), gps_adid: uuid(2) }),
  purchase('order-4', { gps_adid: uuid(3), revenue: '0.000', currency: 'EUR' }),
  purchase('order-5', { gps_adid: uuid(4), currency: null }),
  purchase('order-6', { gps_adid: uuid(5), occurred_at: daysAgo(80) }),
]
/** The first request that reaches Adjust is answered by a gateway: order-1 is in doubt, and order-2 waits for it. */
const FAULTS = { gateway_error: { first: 1, counted: 0 } }

const cleanUps: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
})

/** What the schema of docs/json.md's section makes of one line of standard output. */
function check(section: string, stdout: string, lineCount = 1): unknown {
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(lineCount)
  return SCHEMAS[section]!.parse(JSON.parse(lines.at(-1)!))
}

describe('what --json prints', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop({ purchases: PURCHASES, faults: FAULTS }, (cleanUp) => cleanUps.push(cleanUp))
  })

  async function checked(section: string, exitCode: number, ...args: string[]) {
    const { code, stdout, stderr } = await shop.command(...args, '--json')
    expect(code, stderr).toBe(exitCode)
    return check(section, stdout) as { exit_code: number } & Record<string, never>
  }

  // One after the other, for they are one story: each finds what the one before has left.
  it.each([
    ['init', 0, ['init']],
    ['init --example', 0, ['init', '--example']],
    ['init --print', 0, ['init', '--print']],
    ['completion', 0, ['completion', 'bash']],
    ['status', 0, ['status']],
    ['explain', 0, ['explain', 'order-3']],
    ['explain', 0, ['explain', 'order-6']],
    ['plan', 0, ['plan']],
    ['run', 0, ['run']],
    ['run', 0, ['run']],
    ['doctor', 0, ['doctor']],
    ['plan', 0, ['plan', '--resend', 'failed']],
    ['status', 0, ['status']],
    ['explain', 0, ['explain', 'order-1']],
    ['explain', 0, ['explain', 'order-2']],
    ['explain', 0, ['explain', 'order-3']],
    ['explain', 2, ['explain', 'nobody']],
    ['resolve', 2, ['resolve', 'order-1', 'order-3', 'nobody', '--as', 'not-delivered', '--reason', 'why']],
    ['resolve', 0, ['resolve', 'order-1', '--as', 'not-delivered', '--reason', 'why']],
    ['reconcile', 0, ['reconcile', '--export', 'export.csv', '--dry-run']],
    ['run', 0, ['run', '--resend', 'failed']],
    ['status', 0, ['status']],
    ['Errors', 2, ['run', '--resend', 'fialed']],
    ['Errors', 2, ['stauts']],
    ['Errors', 2, ['status', '--config', 'nowhere.yaml']],
  ])('is as docs/json.md says: %s (exit code %i) with %j', async (section, exitCode, args) => {
    const [, , order3] = PURCHASES
    const seconds = Math.floor(Date.parse(order3!.occurred_at!) / 1000)
    const header = '{app_token},{event},{created_at},[transaction_id]'
    await writeFile(shop.path('export.csv'), `${header}\n${order3!.app_token},abc123,${seconds},order-3\n`)
    const printed = await checked(section, exitCode, ...args)
    if (section !== 'Errors') expect(printed.exit_code).toBe(exitCode)
  })

  it('is as docs/json.md says of a run that died', async () => {
    await shop.sql(`INSERT INTO s2s_runs BY NAME SELECT * REPLACE ('20260131T101500Z-5f2c9a' AS run_id)
      FROM s2s_runs WHERE event = 'started' LIMIT 1`)
    const { runs } = (await checked('status', 0, 'status')) as unknown as {
      runs: { run_id: string; state: string }[]
    }
    expect(runs.find(({ run_id }) => run_id === '20260131T101500Z-5f2c9a')?.state).toBe('died')
  })

  it('is as docs/json.md says: simulate, at its start and at its end', async () => {
    const { child, ended } = await startCli(['simulate', '--port', '0', '--json'])
    const first = await new Promise<string>((resolve) => child.stdout.once('data', resolve))
    const { url } = check('simulate, at its start', first) as { url: string }
    await fetch(`${url}/event`, { method: 'POST', body: 's2s=1' })
    child.kill('SIGTERM')
    check('simulate, at its end', (await ended).stdout, 2)
  })

  it('is nothing but the error where there is no configuration', async () => {
    const { code, stdout } = await runCli(['status', '--json'])
    expect(code).toBe(2)
    check('Errors', stdout)
  })
})

/** The sections of docs/json.md: the keys and types of their tables, and their examples. */
const sections = readFileSync(new URL('../../../docs/json.md', import.meta.url), 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    name: section.slice(0, section.indexOf('\n')).replaceAll('`', ''),
    keys: [...section.matchAll(/^\| `([^`]+)` \| (.+?) \|/gm)].map(([, key, type]) => [key, type]),
    examples: [...section.matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => text!),
  }))

describe('docs/json.md', () => {
  it.each(Object.entries(SCHEMAS))('lists the keys of %s, each with its type', (name, schema: z.ZodType) => {
    const section = sections.find((known) => known.name === name)
    expect(section?.keys).toEqual(keysOf(schema))
  })

  it.each(sections.flatMap(({ name, examples }) => examples.map((text) => [name, text])))(
    'has examples that are what it says: %s',
    (name, text) => {
      expect(SCHEMAS[name!]?.parse(JSON.parse(text!))).toBeDefined()
    },
  )

  it.each(Object.keys(SCHEMAS))('has an example of %s', (name) => {
    expect(sections.find((known) => known.name === name)?.examples).not.toEqual([])
  })
})
