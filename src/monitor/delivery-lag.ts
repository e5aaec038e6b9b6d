import { Summary } from 'prom-client'
import type { Sample } from './measure.ts'

/** Half of the events, nearly all, and the last one. */
const PERCENTILES = [50, 90, 99, 100]

/** How far behind the deliveries of a run are, in constant memory whatever their number: a t-digest, so percentiles are estimates. */
export class DeliveryLag {
  readonly #summary = new Summary({
    name: 'lag',
    help: 'lag',
    percentiles: PERCENTILES.map((percentile) => percentile / 100),
    registers: [],
  })
  #isEmpty = true

  observe(seconds: number): void {
    this.#isEmpty = false
    this.#summary.observe(seconds)
  }

  /** One for each percentile; none when nothing was observed. */
  async samples(): Promise<Sample[]> {
    if (this.#isEmpty) return []
    const { values } = await this.#summary.get()
    return values
      .filter(({ labels }) => 'quantile' in labels)
      .map(({ value }, index) => ({ labels: { percentile: String(PERCENTILES[index]) }, value }))
  }
}
