import { startSimulator } from '../../../src/simulator/simulator.ts'
import type { AdjustAnswer, AdjustOrder } from './adjust.ts'

// The simulator in a process of its own, as `adjust-s2s simulate` runs it; besides, its faults can be changed while it runs.
const { seed, faults } = JSON.parse(process.argv[2]!) as { seed: number; faults: object }
const simulator = await startSimulator({ port: 0, seed, faults, keepParameters: false })
const tell = (answer: AdjustAnswer) => process.send!(answer)

process.on('message', (order: AdjustOrder) => {
  if (order !== 'count') simulator.setFaults(order.faults)
  tell({ requests: simulator.truth().length })
})
// It never outlives who asked for it. What a terminal sends to the whole group is for that one.
process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})
tell({ url: simulator.url })
