import type { Audit } from './audit/audit.ts'
import { settleSourceRow } from './audit/source-settlement.ts'
import type { Tally } from './audit/tally.ts'
import type { Clock } from './domain/clock.ts'
import type { SourceRow } from './domain/event.ts'
import type { Load } from './load/load.ts'
import type { Transformed } from './transform/transform.ts'

export interface Stages {
  runId: string
  clock: Clock
  nextAuditId: () => string
  extract: () => AsyncIterable<SourceRow[]>
  transform: (row: SourceRow, nowMs: number) => Transformed
  load: Load
  audit: Audit
  tally: Tally
}

/** Answers and turns to send come in between, so that neither rate nor latency suffers while a large batch is taken. */
const ROWS_BETWEEN_PAUSES = 256

/**
 * The whole job: extract, transform, load, audit. Each stage pulls from the one before, so memory stays flat; every row that is read
 * ends in exactly one settlement, whatever happens. Answers whether the window was read to its end.
 */
export async function runPipeline(stages: Stages): Promise<{ readToEnd: boolean }> {
  const { extract, load, audit } = stages
  try {
    let taken = 0
    for await (const rows of extract()) {
      for (const row of rows) {
        if (load.stopped !== null) return { readToEnd: false }
        take(row, stages)
        if (!load.hasRoom) await load.room()
        if (!audit.hasRoom) await audit.room()
        if (++taken % ROWS_BETWEEN_PAUSES === 0) await pause(stages.clock)
      }
    }
    return { readToEnd: true }
  } catch (error) {
    load.stop('run_stopped')
    throw error
  } finally {
    await load.drain()
    await audit.flush()
  }
}

function take(row: SourceRow, { runId, clock, nextAuditId, transform, load, audit, tally }: Stages): void {
  tally.read()
  const nowMs = clock.now()
  const result = transform(row, nowMs)
  if (result.kind === 'event') load.admit(result.event)
  else if (result.kind === 'held') load.hold(result.event, result.status, result.reason, result.message)
  else audit.settle(settleSourceRow(row, result, { runId, auditId: nextAuditId(), nowMs }))
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(0, resolve)
  })
}
