import { RunLog } from './audit/run-log.ts'
import { Tally } from './audit/tally.ts'
import { type Clock, systemClock } from './domain/clock.ts'
import type { Event } from './domain/event.ts'
import type { Counts, ReasonCount } from './domain/settlement.ts'
import { Ordering } from './load/ordering.ts'
import {
  estimateFor,
  extractFor,
  hasUnsettledBefore,
  prepareSource,
  type Scope,
  shardOf,
  transformRules,
  windowOf,
} from './selection.ts'
import { createTransform, type Transformed } from './transform/transform.ts'
import type { QueryEstimate } from './warehouse/warehouse.ts'
import type { ResolvedWindow } from './window.ts'

/** What a run would do. `counts.delivered` are the events that it would send. */
export interface Plan {
  window: ResolvedWindow
  counts: Counts
  reasons: ReasonCount[]
  /** The first requests as they would go out. */
  firstEvents: Event[]
  /** Rows before `--from` are not settled: those of devices that the run delivers for become late. */
  leavesEarlier: boolean
  /** How many events carry each warning. */
  warnings: Record<string, number>
  /** Distinct app and event tokens of what would be sent, with how many. */
  tokens: Record<string, number>
  /** What a run's query for the window will read. */
  estimate: QueryEstimate
  bytesBilled: number | null
}

const SHOWN_REQUESTS = 3

/**
 * Predicts a run: the same extraction, transform and order, but nothing is sent and nothing is written. What Adjust would answer is not
 * known, so every event that may go counts as sent.
 */
export async function planJob(job: Scope & { clock?: Clock }): Promise<Plan> {
  const { config, warehouse, selection, clock = systemClock } = job
  const projection = await prepareSource(config, warehouse, shardOf(selection))
  const nowMs = clock.now()
  const window = await windowOf(job, new RunLog(warehouse), nowMs)
  const estimate = await estimateFor(job, projection, window, nowMs)
  const prediction = new Prediction()
  const transform = createTransform(transformRules(config, selection))
  for await (const rows of extractFor(job, projection, window, nowMs)) {
    for (const row of rows) prediction.add(transform(row, nowMs), row.transactionId)
  }
  const leavesEarlier = await hasUnsettledBefore(job, projection, window, nowMs)
  const { bytesBilled } = warehouse.statistics()
  return { window, ...prediction.result(), leavesEarlier, estimate, bytesBilled }
}

class Prediction {
  readonly #tally = new Tally()
  readonly #ordering = new Ordering()
  readonly #firstEvents: Event[] = []
  readonly #warnings = new Map<string, number>()
  readonly #tokens = new Map<string, number>()

  add(result: Transformed, transactionId: string): void {
    this.#tally.read()
    if (result.kind === 'settled') {
      for (const warning of result.warnings) count(this.#warnings, warning)
      this.#tally.settled(result.status, result.reason, transactionId)
    } else if (result.kind === 'held') {
      const { ticket, waitsFor } = this.#ordering.admit(result.event)
      if (waitsFor === null) this.#ordering.hold(ticket)
      this.#tally.settled(result.status, result.reason, transactionId)
    } else this.#send(result.event)
  }

  result() {
    this.#tally.assertBalanced()
    return {
      counts: this.#tally.counts,
      reasons: this.#tally.reasons,
      firstEvents: this.#firstEvents,
      warnings: Object.fromEntries(this.#warnings),
      tokens: Object.fromEntries(this.#tokens),
    }
  }

  #send(event: Event): void {
    for (const warning of event.warnings) count(this.#warnings, warning)
    const { ticket, waitsFor } = this.#ordering.admit(event)
    if (waitsFor !== null) return this.#tally.settled('deferred', 'waits_for_earlier', event.transactionId)
    this.#tally.settled('delivered', 'would_be_sent', event.transactionId)
    count(this.#tokens, `${event.appToken}/${event.eventToken ?? event.kind}`)
    if (this.#firstEvents.length < SHOWN_REQUESTS) this.#firstEvents.push(event)
    this.#ordering.settle(ticket)
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
