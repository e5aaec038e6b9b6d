import type { Audit } from './audit/audit.ts'
import { type Claims, claimAhead } from './audit/claims.ts'
import type { Tally } from './audit/tally.ts'
import type { Clock } from './domain/clock.ts'
import type { Intake, IntakeBatch } from './intake.ts'
import type { Load } from './load/load.ts'

export interface Stages {
  runId: string
  clock: Clock
  nextAuditId: () => string
  /** Extract and transform. */
  takeIn: () => AsyncIterable<IntakeBatch>
  claims: Pick<Claims, 'covers' | 'extend'>
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
  const { takeIn, claims, load, audit } = stages
  try {
    let taken = 0
    for await (const { rows } of claimAhead(takeIn(), ({ instants }) => instants, claims)) {
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

function take(row: Intake, stages: Stages): void {
  const { runId, clock, nextAuditId, claims, load, audit, tally } = stages
  tally.read()
  if (row.kind === 'event') {
    // A row of a minute ahead is read to be refused, but a long run may come to it when its time has come.
    if (claims.covers(row.event.occurredAtMicros)) load.admit(row.event)
    else load.hold(row.event, 'deferred', 'not_claimed', null)
  } else if (row.kind === 'held') load.hold(row.event, row.status, row.reason, row.message)
  else {
    const settled = { ...row.row, auditId: nextAuditId(), runId, settledAtMs: clock.now() }
    audit.settle({ row: settled, earlier: row.earlier, journalSegment: null })
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(0, resolve)
  })
}
