import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { PlayerTask } from './player.ts'
import type { SimulationResult } from './simulation.ts'

export interface PlayOptions {
  fromSeed: number
  seeds: number
  stopAtFirst?: boolean
  without?: string
  threads?: number
  onResult?: (result: SimulationResult) => void
}

/** Seeds that a thread takes at a time: it takes a second to load the program, and the threads are to end together. */
const SHARE = { least: 200, ofAll: 1 / 16 }

/** Plays many seeds, on all cores. Resolves when all are played, or one has a broken promise and that ends it. */
export async function play(options: PlayOptions): Promise<void> {
  const { fromSeed, seeds, stopAtFirst = false, threads = availableParallelism() } = options
  const end = fromSeed + seeds
  const size = Math.max(SHARE.least, Math.ceil((seeds * SHARE.ofAll) / 20) * 20)
  let next = fromSeed
  let isOver = false
  const take = async () => {
    while (next < end && !isOver) {
      const share = { fromSeed: next, seeds: Math.min(size, end - next) }
      next += share.seeds
      await playShare({ ...share, stopAtFirst, without: options.without ?? null }, (result) => {
        if (stopAtFirst && result.violations.length > 0) isOver = true
        options.onResult?.(result)
      })
    }
  }
  await Promise.all(Array.from({ length: threads }, take))
}

function playShare(workerData: PlayerTask, onResult: (result: SimulationResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('player.ts', import.meta.url), { workerData })
    worker.on('message', (results: SimulationResult[]) => results.forEach(onResult))
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
}
