import type { Audit } from './audit/audit.ts'
import { type Claims, claimAhead } from './audit/claims.ts'
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
  claims: Pick<Claims, 'covers' | 'extend'>
  transform: (row: SourceRow, nowMs: number) => Transformed
  load: Load
  audit: Audit
  tally: Tally
}

/** Answers and turns to send come in between, so that neither rate nor latency suffers while a large batch is taken. */
const ROWS_BETWEEN_PAUSES = 256

/**
 * The whole job: extract, transform, load, audit. Each stage pulls from the one before, so memory stays flat; nothing is sent beyond
 * what is claimed; every row that is read ends in exactly one settlement, whatever happens. Answers whether the window was read to its end.
 */
export async function runPipeline(stages: Stages): Promise<{ readToEnd: boolean }> {
  const { extract, claims, load, audit } = stages
  try {
    let taken = 0
    for await (const rows of claimAhead(extract(), claims)) {
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

function take(row: SourceRow, stages: Stages): void {
  const { runId, clock, nextAuditId, transform, claims, load, audit, tally } = stages
  tally.read()
  const nowMs = clock.now()
  const result = transform(row, nowMs)
  if (result.kind === 'event') {
    // A row of a minute ahead is read to be refused, but a long run may come to it when its time has come.
    if (claims.covers(result.event.occurredAtMicros)) load.admit(result.event)
    else load.hold(result.event, 'deferred', 'not_claimed', null)
  } else if (result.kind === 'held') load.hold(result.event, result.status, result.reason, result.message)
  else audit.settle(settleSourceRow(row, result, { runId, auditId: nextAuditId(), nowMs }))
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(0, resolve)
  })
}
