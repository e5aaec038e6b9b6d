import path from 'node:path'
import { ExitCode } from '../../../src/domain/exit-code.ts'
import { CLOCK_SKEW_MS, LEASE_MS } from '../../../src/lease/lease-time.ts'
import type { Violation } from '../check/check.ts'
import { isShutOut, lastWords, wrongExit } from '../run/exits.ts'
import { type EndedRun, endsWithin, type RunProcess, sleep, summaryOf } from '../run/run-process.ts'
import type { Score } from '../score.ts'
import { settleAndCheck } from '../settle.ts'
import { BigqueryShop } from '../shop/bigquery-shop.ts'
import { Shop } from '../shop/shop.ts'

/** At 60 a second: long enough that a run is still at work when another one has taken over. */
const PURCHASES = 4_000
/** Some of them lie beyond what a run claims ahead, and at this rate a run of them takes a minute. */
const MANY = { purchases: 30_000, requestsPerSecond: 400 }
const REQUESTS_BEFORE_THE_PAUSE = 100
/** Beyond the lease, so that nobody's clock can be blamed. */
const MARGIN_MS = 5_000
/** Once it may go on, a run without a lease settles what it knows and is gone. */
const GRACE_MS = 30_000

/** Slow enough for a run of a minute; nothing goes wrong but the pause. */
const PAUSED_SHOP = {
  weather: 'fair',
  faults: { latency_ms: 40 },
  requestsPerSecond: 60,
  concurrency: 16,
  timeoutMs: 2_000,
  devices: 300,
  smallDisk: false,
  inDoubt: { revenue: 'hold', other: 'hold' },
} as const

/**
 * A run with a DuckDB file is stopped for longer than its lease. Meanwhile nobody else can work, for the file is its own; when it goes on, it
 * must not send, and end with 75.
 */
export async function pauseAlone(folder: string, seed: number, score: Score): Promise<Violation[]> {
  const shop = await Shop.open(path.join(folder, 'pause-duckdb'), seed, PAUSED_SHOP)
  const wrong: string[] = []
  await shop.sell(PURCHASES)
  const run = shop.start()
  await untilSending(shop, run)
  run.signal('SIGSTOP')
  await sleep(LEASE_MS + PAUSED_SHOP.timeoutMs + MARGIN_MS)
  const other = await shop.run()
  if (!isShutOut(other))
    wrong.push(`a run beside a stopped one: exit code ${other.code} | ${lastWords(other)}`)
  wrong.push(...(await wakeUp(shop, run)))
  return conclude(shop, [other, await run.ended], wrong, score)
}

/**
 * Two machines and one BigQuery: the holder of the lease is stopped, and when its lease has run out another run takes over and sends. In the
 * middle of that the first one goes on: it must send nothing more, and end with 75. `shared` is a `state_dir` that both have; without, what
 * the holder had claimed is in doubt, and the one that takes over sends what comes after.
 */
export async function pauseBesideAnother(
  folder: string,
  options: { seed: number; shared: boolean },
  score: Score,
): Promise<Violation[]> {
  const name = `pause-bigquery-${options.shared ? 'shared' : 'apart'}`
  const size = options.shared ? { purchases: PURCHASES } : MANY
  const shop = await BigqueryShop.open(path.join(folder, name), { ...PAUSED_SHOP, ...size, ...options })
  const wrong: string[] = []
  const holder = shop.start()
  await untilSending(shop, holder)
  holder.signal('SIGSTOP')
  shop.useOtherMachine()
  const early = await shop.run()
  if (early.code !== ExitCode.tryAgain || early.begunAfterMs !== null)
    wrong.push(`a run beside the holder: exit code ${early.code} | ${lastWords(early)}`)
  await sleep(LEASE_MS + PAUSED_SHOP.timeoutMs + CLOCK_SKEW_MS + MARGIN_MS)
  const takeover = shop.start()
  const before = await untilSending(shop, takeover)
  wrong.push(...(await leave(holder)))
  const after = await takeover.ended
  const requests = (await shop.adjust.requestCount()) - before
  wrong.push(...judgeTakeover(after, requests))
  return conclude(shop, [early, after, await holder.ended], wrong, score)
}

type PausedShop = Shop | BigqueryShop

/** Resolves in mid-flight, with the number of requests that had arrived before the run's own. */
async function untilSending({ adjust }: PausedShop, run: RunProcess): Promise<number> {
  const before = await adjust.requestCount()
  while ((await adjust.requestCount()) < before + REQUESTS_BEFORE_THE_PAUSE) {
    if (run.hasEnded)
      throw new Error(`a run ended before it was in mid-flight: ${lastWords(await run.ended)}`)
    await sleep(5)
  }
  return before
}

async function wakeUp(shop: PausedShop, run: RunProcess): Promise<string[]> {
  const before = await shop.adjust.requestCount()
  const wrong = await leave(run)
  const sent = (await shop.adjust.requestCount()) - before
  return sent === 0 ? wrong : [...wrong, `${sent} requests after the pause`]
}

/**
 * Lets a stopped run go on: it has lost its lease, says so, and has to leave. A call of the warehouse that was under way may have timed out
 * meanwhile, and be the first thing that it meets.
 */
async function leave(run: RunProcess): Promise<string[]> {
  run.signal('SIGCONT')
  const inTime = await endsWithin(run, GRACE_MS)
  if (!inTime) run.signal('SIGKILL')
  const ended = await run.ended
  if (!inTime) return [`still there ${GRACE_MS / 1000} s after the pause`]
  const wrong = wrongExit(ended, [ExitCode.tryAgain])
  if (wrong !== null) return [`after the pause: ${wrong}`]
  return ended.stderr.includes('the lease is lost') ? [] : [`after the pause: ${lastWords(ended)}`]
}

/** The emulator's own fault, seldom, when two processes ask it at the same moment. BigQuery has no such answer. */
const EMULATOR_FAULT = 'unsuccessful or closed pending query result'

/** It is the only one that sends from then on. */
function judgeTakeover(run: EndedRun, requests: number): string[] {
  if (run.stderr.includes(EMULATOR_FAULT)) return []
  const wrong = wrongExit(run, [ExitCode.ok])
  if (wrong !== null) return [`the one that took over: ${wrong}`]
  const made = summaryOf(run)!.requests
  return requests === made ? [] : [`${requests} requests arrived, and the one that took over made ${made}`]
}

async function conclude(
  shop: PausedShop,
  runs: EndedRun[],
  wrong: string[],
  score: Score,
): Promise<Violation[]> {
  const losesJournal = shop instanceof BigqueryShop && !shop.plan.shared
  const verdict = await settleAndCheck(shop, { endedThemselves: new Set(), losesJournal })
  const violations = [...wrong.map((what) => ({ rule: 'exits' as const, what })), ...verdict.violations]
  score.count('paused past the lease')
  score.addRuns([...runs, ...verdict.runs], await shop.adjust.requestCount())
  score.addShop(verdict.witnesses, violations)
  await shop.close(violations.length > 0)
  return violations
}
