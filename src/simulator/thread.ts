import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FaultPlan } from './fault-plan.ts'
import type { SimulatorOptions } from './simulator.ts'
import type { TruthSummary } from './truth-summary.ts'

/** What the thread is asked; it answers each with the summary of its truth log. */
export type Instruction = { faults: FaultPlan } | 'summary' | 'close'

/**
 * A simulator with an event loop of its own: the times of arrival in its log are not those of a sender that is busy in the same
 * process.
 */
export class SimulatorThread {
  readonly url: string
  readonly #worker: Worker

  private constructor(worker: Worker, url: string) {
    this.#worker = worker
    this.url = url
  }

  /** Starts it. Rejects as `startSimulator` does. */
  static async start(options: Omit<SimulatorOptions, 'clock'>): Promise<SimulatorThread> {
    const worker = new Worker(new URL('./thread-main.ts', import.meta.url), { workerData: options })
    const [url] = (await once(worker, 'message')) as [string]
    return new SimulatorThread(worker, url)
  }

  /** Changes what goes wrong; request numbers and times count from here. */
  async setFaults(faults: FaultPlan): Promise<void> {
    await this.#ask({ faults })
  }

  summary(): Promise<TruthSummary> {
    return this.#ask('summary')
  }

  async close(): Promise<void> {
    await this.#ask('close')
    await this.#worker.terminate()
  }

  async #ask(instruction: Instruction): Promise<TruthSummary> {
    const answer = once(this.#worker, 'message') as Promise<[TruthSummary]>
    this.#worker.postMessage(instruction)
    return (await answer)[0]
  }
}
