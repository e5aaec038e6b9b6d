import { parentPort, workerData } from 'node:worker_threads'
import { type SimulatorOptions, startSimulator } from './simulator.ts'
import type { Instruction } from './thread.ts'

// Runs in the thread that `SimulatorThread` starts.
const host = parentPort!
const simulator = await startSimulator(workerData as SimulatorOptions)

host.on('message', async (instruction: Instruction) => {
  if (typeof instruction === 'object') simulator.setFaults(instruction.faults)
  const summary = simulator.summary()
  if (instruction === 'close') await simulator.close()
  host.postMessage(summary)
})
host.postMessage(simulator.url)
