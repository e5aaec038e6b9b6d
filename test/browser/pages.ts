import { mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { renderPage } from '../../src/report/page/page.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { runCli } from '../cli/cli-process.ts'
import { manyPurchases, openShop } from '../end-to-end/shop.ts'
import { HOUR, logRun, MINUTE, type Row, RUN, reportOf, START } from '../report/logged-run.ts'

/** Runs of many kinds, most of them by the real program. */
export const KINDS = ['ten-outcomes', 'big', 'empty', 'stopped', 'died', 'hostile'] as const
export type Kind = (typeof KINDS)[number]

type OnEnd = (cleanUp: () => Promise<void>) => void

/** Makes a page of each kind, `<kind>.html` in the folder. */
export async function makePages(folder: string, onEnd: OnEnd): Promise<void> {
  const file = (kind: Kind) => path.join(folder, `${kind}.html`)
  await demoPage(folder, file('ten-outcomes'))
  await writeFile(file('big'), await loggedPage(bigRun))
  await writeFile(file('hostile'), await loggedPage(hostileRun))
  await shopPage(file('empty'), 0, onEnd)
  await stoppedPages(file('stopped'), 'SIGTERM', onEnd)
  await stoppedPages(file('died'), 'SIGKILL', onEnd)
}

/** The sample has one of each outcome. */
async function demoPage(folder: string, file: string): Promise<void> {
  const cwd = path.join(folder, 'demo')
  await mkdir(cwd)
  await succeed(runCli(['demo', '--quiet'], { cwd }))
  await succeed(runCli(['report', '--config', '.demo/adjust-s2s.yaml', '-o', file], { cwd }))
}

async function shopPage(file: string, purchases: number, onEnd: OnEnd): Promise<void> {
  const shop = await openShop({ purchases: manyPurchases(purchases, 10) }, onEnd)
  await succeed(shop.command('run', '--quiet', '--report', 'run.html'))
  await rename(shop.path('run.html'), file)
}

/** A run that is stopped in the middle; of one that is killed only another process can tell. */
async function stoppedPages(file: string, signal: 'SIGTERM' | 'SIGKILL', onEnd: OnEnd): Promise<void> {
  const slow = { faults: { latency_ms: 60 }, delivery: { concurrency: 16, requests_per_second: 100 } }
  const shop = await openShop({ purchases: manyPurchases(900, 120), ...slow }, onEnd)
  const { child, ended } = await shop.start('run', '--quiet', '--report', 'run.html')
  await shop.untilAdjustHas(250)
  child.kill(signal)
  await ended
  if (signal === 'SIGKILL') {
    const [{ run_id: runId } = { run_id: '' }] = await shop.sql<{ run_id: string }>(
      'SELECT run_id FROM s2s_runs',
    )
    await succeed(shop.command('report', runId, '-o', 'run.html'))
  }
  await rename(shop.path('run.html'), file)
}

async function succeed(running: ReturnType<typeof runCli>): Promise<void> {
  const { code, stderr } = await running
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
}

async function loggedPage(log: (warehouse: Warehouse) => Promise<void>): Promise<string> {
  const warehouse = await openDuckdbWarehouse({ path: ':memory:' })
  try {
    await warehouse.createTables()
    await log(warehouse)
    return renderPage(await reportOf(warehouse, { nowMs: START + 3 * HOUR }))
  } finally {
    await warehouse.close()
  }
}

const BIG_ROWS = 60_000
const PER_SECOND = 20

/** An hour at an even pace, with a lull, some trouble, many currencies, and a history that is not without trouble either. */
async function bigRun(warehouse: Warehouse): Promise<void> {
  for (let index = 29; index > 0; index--) {
    const [runId, startedAtMs] = [
      `20260301T0${index % 10}0000Z-${String(index).padStart(6, '0')}`,
      START - index * 15 * MINUTE,
    ]
    const read = 400 + ((index * 97) % 300)
    const exitCode = index === 7 ? 75 : index === 12 ? 3 : 0
    const counts = index === 20 ? null : { read, delivered: read - 3, rejected: 3 }
    await logRun(warehouse, { runId, startedAtMs, exitCode, counts, durationS: 20 + (index % 9) })
  }
  const rows = Array.from({ length: BIG_ROWS }, (_, index) => bigRow(index))
  await logRun(warehouse, { rows, durationS: BIG_ROWS / PER_SECOND + 330, exitCode: 3 })
}

function bigRow(index: number): Row {
  const sentAtMs = START + index * (1000 / PER_SECOND) + (index > 25_000 ? 5 * MINUTE : 0)
  const latencyMs = 14 + ((index * 7919) % 45) + (index % 60 === 0 ? 600 : 0)
  const timed = {
    sentAtMs,
    latencyMs,
    settledAtMs: sentAtMs + latencyMs,
    occurredAtMicros: (START - 50 * HOUR + index * 2900) * 1000,
  }
  const token = { appToken: `app00000000${index % 3}`, eventToken: `buy00${index % 4}` }
  const currency = ['EUR', 'USD', 'JPY', 'GBP'][index % 4]!
  const money = { revenue: currency === 'JPY' ? String((index % 900) + 100) : `${index % 90}.99`, currency }
  return { transactionId: `order-${100_000 + index}`, ...timed, ...token, ...money, ...troubleOf(index) }
}

function troubleOf(index: number): Partial<Row> {
  if (index % 997 === 0)
    return {
      status: 'rejected',
      reason: 'bad_event_state',
      httpStatus: 400,
      message: 'Event request failed (Bad event state)',
    }
  if (index % 1501 === 0)
    return { status: 'in_doubt', reason: 'timed_out', httpStatus: null, message: 'no answer within 10 s' }
  if (index % 1201 === 0)
    return { status: 'deferred', reason: 'device_not_found', httpStatus: 404, message: 'Device not found' }
  return {}
}

const HOSTILE = `<script>document.title='gone'</script><img src="http://127.0.0.1:9/x" onerror="document.title='gone'">"'>\u202e`

/** Texts that look like HTML, that have no end, and that have no place to break, wherever the page shows one. */
async function hostileRun(warehouse: Warehouse): Promise<void> {
  const long = 'x'.repeat(3000)
  const texts = {
    appToken: HOSTILE,
    eventToken: long,
    message: HOSTILE,
    revenue: '99999999999.999999999',
    currency: 'EUR',
  }
  const rows: Row[] = [
    { transactionId: HOSTILE, ...texts, status: 'rejected', reason: 'refused' },
    { transactionId: long, ...texts, status: 'in_doubt', reason: long, httpStatus: null },
    { transactionId: `2 ${HOSTILE}`, ...texts, status: 'deferred', reason: HOSTILE },
    { transactionId: `3 ${long}`, ...texts, status: 'retried', reason: long },
  ]
  const start = { command: `adjust-s2s run ${HOSTILE} ${long}`, host: long, version: HOSTILE }
  await logRun(warehouse, { runId: RUN, rows, start })
}
