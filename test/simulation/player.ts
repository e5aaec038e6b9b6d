import { parentPort, workerData } from 'node:worker_threads'
import { takeOut } from './sabotage/take-out.ts'
import type { SimulationResult } from './simulation.ts'

/** What a thread plays. */
export interface PlayerTask {
  fromSeed: number
  seeds: number
  /** Ends at the first seed with a broken promise. */
  stopAtFirst: boolean
  /** A guard that is taken out of the program before it is loaded. */
  without: string | null
}

/** Seeds a message: few enough to follow, enough that nobody waits for messages. */
const SEEDS_A_MESSAGE = 20

const { fromSeed, seeds, stopAtFirst, without } = workerData as PlayerTask
if (without !== null) takeOut(without)
// Only now: what is taken out is taken out as the program is loaded.
const { Simulation } = await import('./simulation.ts')

let results: SimulationResult[] = []
for (let seed = fromSeed; seed < fromSeed + seeds; seed++) {
  const result = await new Simulation(seed).play()
  results.push(result)
  const isLast = seed === fromSeed + seeds - 1 || (stopAtFirst && result.violations.length > 0)
  if (results.length === SEEDS_A_MESSAGE || isLast) {
    parentPort!.postMessage(results)
    results = []
  }
  if (isLast) break
}
