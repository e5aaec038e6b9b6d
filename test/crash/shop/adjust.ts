import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FaultPlan } from '../../../src/simulator/fault-plan.ts'
import type { TruthEntry } from '../../../src/simulator/truth-log.ts'

export type AdjustOrder = { faults: FaultPlan } | 'count'
export type AdjustAnswer = { url: string } | { requests: number }

const PROCESS = fileURLToPath(new URL('./adjust-process.ts', import.meta.url))

/** A simulated Adjust in another process: it lives through every kill, and its truth log is one of the three witnesses. */
export class AdjustProcess {
  readonly url: string
  readonly #child: ChildProcess
  /** Orders are answered in their order, so one waits for the other. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(options: { seed: number; faults: FaultPlan }): Promise<AdjustProcess> {
    const child = fork(PROCESS, [JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const [{ url }] = (await once(child, 'message')) as [{ url: string }]
    return new AdjustProcess(child, url)
  }

  /** Requests that have arrived so far. */
  requestCount(): Promise<number> {
    return this.#order('count')
  }

  async setFaults(faults: FaultPlan): Promise<void> {
    await this.#order({ faults })
  }

  /** Every request in the order of arrival. To be asked while no fault keeps connections out. */
  async truth(): Promise<TruthEntry[]> {
    const response = await fetch(`${this.url}/__truth`)
    const lines = (await response.text()).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as TruthEntry)
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }

  #order(order: AdjustOrder): Promise<number> {
    const answer = this.#last.then(async () => {
      this.#child.send(order)
      const [{ requests }] = (await once(this.#child, 'message')) as [{ requests: number }]
      return requests
    })
    this.#last = answer
    return answer
  }
}
