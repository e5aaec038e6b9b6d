import { describe, expect, it, onTestFinished } from 'vitest'
import type { TruthEntry } from '../../src/simulator/truth-log.ts'
import { summarizeTruth } from '../../src/simulator/truth-summary.ts'
import { startCli } from '../cli/cli-process.ts'
import { manyPurchases, openShop } from './shop.ts'

/** Adjust in a process of its own, so that the times of arrival are not those of a busy test. */
async function startAdjust(): Promise<string> {
  const { child, ended } = await startCli(['simulate', '--json', '--port', '0'])
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const [text] = await child.stdout.take(1).toArray()
  return (JSON.parse(String(text)) as { url: string }).url
}

const RATE = 50

/** The shortest time in which one request more than the rate went by, in milliseconds. */
function shortestSpanMs(timesMs: readonly number[]): number {
  const times = [...timesMs].sort((one, other) => one - other)
  return Math.min(...times.slice(RATE).map((time, index) => time - times[index]!))
}

describe('the rate', () => {
  // A stall of the machine between sender and simulator is nobody's fault, and does not come three times.
  it('is never exceeded, neither where requests leave nor where they arrive', {
    retry: 2,
  }, async () => {
    const url = await startAdjust()
    const shop = await openShop({ purchases: manyPurchases(3 * RATE, 3 * RATE) })
    await shop.configure({ adjust: { url }, delivery: { requests_per_second: RATE } })
    const { summary } = await shop.run(0)
    const lines = (await (await fetch(`${url}/__truth`)).text()).trimEnd().split('\n')
    const truth = lines.map((line) => JSON.parse(line) as TruthEntry)
    const expected = { requests: 150, counted: 150, countedTwice: [], outOfOrder: [] }
    expect(summarizeTruth(truth)).toMatchObject(expected)
    expect(summarizeTruth(truth).busiestSecond?.requests).toBeLessThanOrEqual(RATE)

    const sent = await shop.sql<{ ms: number }>(
      'SELECT CAST(epoch_ms(sent_at) AS DOUBLE) AS ms FROM s2s_audit',
    )
    expect(sent).toHaveLength(150)
    expect(shortestSpanMs(sent.map(({ ms }) => ms))).toBeGreaterThan(1000)
    // Nor is it needlessly slow: 150 events at 50 a second.
    expect(summary.duration_s).toBeLessThan(6)
  })
})
