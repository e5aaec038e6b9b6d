import { systemClock } from '../domain/clock.ts'
import { BusyError } from '../domain/errors.ts'
import type { ExitCode } from '../domain/exit-code.ts'
import type { AuditRow } from '../domain/settlement.ts'
import { type Shard, shardName } from '../domain/shard.ts'
import type { DeliveryLag } from '../monitor/delivery-lag.ts'
import type { EndedRun } from '../monitor/measure.ts'
import type { OpenRows } from '../monitor/open-rows.ts'
import type { RunProgress } from '../run-job.ts'
import type { RunSummary } from '../summary.ts'
import { VERSION } from '../version.ts'

/** How a run ended: with its summary, or with what it threw. */
export type RunEnd = ({ summary: RunSummary } | { error: unknown }) & { exitCode: ExitCode }

/** What is seen of a run while it goes on, so that one that ends with an error can be told of as far as it went. */
export class RunRecord {
  /** null when nobody wants to know it. */
  lag: DeliveryLag | null = null
  open: OpenRows | null = null
  runId: string | null = null
  isLeaseLost = false
  progress: (() => RunProgress) | null = null
  billedBytes: () => number | null = () => null
  readonly #shard: Shard
  readonly #startedAtMs = systemClock.now()
  readonly #startedAt = systemClock.monotonic()

  constructor(shard: Shard) {
    this.#shard = shard
  }

  settled({ status, occurredAtMicros, settledAtMs }: AuditRow): void {
    if (status === 'delivered' && occurredAtMicros !== null)
      this.lag?.observe((settledAtMs - occurredAtMicros / 1000) / 1000)
  }

  async facts(end: RunEnd): Promise<EndedRun> {
    const summary = 'summary' in end ? end.summary : null
    return {
      shard: shardName(this.#shard),
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      endedAtMs: systemClock.now(),
      durationS: (systemClock.monotonic() - this.#startedAt) / 1000,
      exitCode: end.exitCode,
      isSkipped: 'error' in end && end.error instanceof BusyError,
      isLeaseLost: this.isLeaseLost,
      counts: summary?.counts ?? this.#countsSoFar(),
      summary,
      billedBytes: this.billedBytes(),
      lag: (await this.lag?.samples()) ?? [],
      open: this.open,
    }
  }

  #countsSoFar(): EndedRun['counts'] {
    if (this.progress === null) return null
    // What became of the rows is not known to the last one, and a part would give wrong shares.
    return { read: this.progress().read }
  }
}
