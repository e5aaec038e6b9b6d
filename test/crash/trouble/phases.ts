import type { TruthEntry } from '../../../src/simulator/truth-log.ts'
import type { Kill, Phase } from './kinds.ts'

/** No request for so long, after some: the run had nothing left to send. */
const QUIET_MS = 100

/** What killed runs were at. Of one that had begun, Adjust's log tells whether requests had come, and whether they still came. */
export function phasesOf(kills: readonly Kill[], truth: readonly TruthEntry[]): Phase[] {
  const arrivals = truth.map(({ arrivedAtMs }) => arrivedAtMs)
  return kills.map(({ run, atMs, phase }) => {
    if (phase !== null) return phase
    const last = arrivals.findLast((arrivedAtMs) => arrivedAtMs <= atMs) ?? Number.NEGATIVE_INFINITY
    if (last < run.startedAtMs) return 'reading'
    return atMs - last > QUIET_MS ? 'ending' : 'sending'
  })
}
