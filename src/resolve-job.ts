import { writeRows } from './audit/recover.ts'
import { type NewestSettlement, readOnceInDoubt, readSettlement, resolutionRow } from './audit/resolution.ts'
import { RunLog, type UnfinishedRun } from './audit/run-log.ts'
import { type Claim, type Judgement, judge, judgeOfRun, type Verdict } from './audit/verdict.ts'
import type { Config } from './config.ts'
import { MS_PER_DAY, SHORTEST_AUDIT_DAYS } from './domain/durations.ts'
import { TransientError } from './domain/errors.ts'
import { maxAgeDaysOf } from './domain/max-age.ts'
import type { Lease } from './lease/lease.ts'
import { type Machine, thisMachine } from './machine.ts'
import { auditIds } from './run-id.ts'
import { IN_DOUBT_QUIET_MS } from './transform/in-doubt.ts'
import { requireHeld, underLease } from './under-lease.ts'
import { requireTables } from './warehouse/require-tables.ts'
import type { Warehouse } from './warehouse/warehouse.ts'

export { type Claim, type Judgement, VERDICTS, type Verdict } from './audit/verdict.ts'

/** Looked up one by one, each a query; more are found among all that were ever in doubt. */
const LOOKUPS_MAX = 10

export type Change = Extract<Judgement, { kind: 'change' }>

/** All that one run left in doubt. */
export interface RunClaim {
  runId: string
  verdict: Verdict
  why: string
}

export interface ResolveJob {
  config: Config
  warehouse: Warehouse
  /** Names this resolution in the audit table; see `newRunId`. */
  runId: string
  /** One claim an event at most, or one for all events of a run. */
  claims: readonly Claim[] | RunClaim
  /** Who says so. */
  by: string
  /** `false` only tells what would change. A number refuses to write when another number of events would change; null takes any. */
  write: false | { expectedChanges: number | null }
  /** Asks it to end: what is written stays, and the lease is given back. */
  signal?: AbortSignal
  machine?: Pick<Machine, 'clock' | 'host' | 'pid'>
}

export interface Resolved {
  runId: string
  /** In the order of the claims, or of the events of the run. */
  judgements: Judgement[]
  isWritten: boolean
  /** Runs that ended early: what they had in flight is not in the audit table until the next run. */
  unfinished: UnfinishedRun[]
  nowMs: number
}

/** Why the next run may not do what a person expects of `not-delivered`, or should not yet. */
export type Doubtful = 'too_old' | 'too_recent'

/** What is wrong with saying now that this event was not delivered: it would be too old to be sent, or may still be on its way. */
export function doubtfulOf(
  { settlement, resolution }: Change,
  maxAgeDays: number,
  nowMs: number,
): Doubtful | null {
  if (resolution.status !== 'deferred') return null
  const { kind, occurredAtMicros, doubtedAtMs } = settlement
  const limitMs = nowMs - maxAgeDaysOf(kind, maxAgeDays) * MS_PER_DAY
  if (occurredAtMicros !== null && occurredAtMicros / 1000 <= limitMs) return 'too_old'
  return doubtedAtMs !== null && nowMs - doubtedAtMs < IN_DOUBT_QUIET_MS ? 'too_recent' : null
}

/**
 * Writes into the audit table what a person says became of events whose outcome is unknown: one row an event, under the lease, so that
 * no run sends any of them meanwhile. What is not in doubt is left, and judged as `refused`. It may be repeated: what a first try has
 * written is `unchanged`.
 *
 * @throws TransientError when a run holds the lease, or the warehouse fails in the middle: a part may be written then.
 */
export async function resolveJob(job: ResolveJob): Promise<Resolved> {
  const { warehouse, write, machine = thisMachine } = job
  const { clock } = machine
  await requireTables(warehouse)
  if (write === false) return { ...(await judgeAll(job, clock.now())), isWritten: false }
  return underLease({ ...job, machine }, async (lease) => {
    job.signal?.throwIfAborted()
    const judged = await judgeAll(job, clock.now())
    const changes = judged.judgements.filter((judgement) => judgement.kind === 'change')
    const isExpected = write.expectedChanges === null || write.expectedChanges === changes.length
    if (isExpected) await writeChanges(job, changes, lease, judged.nowMs)
    return { ...judged, isWritten: isExpected }
  })
}

async function judgeAll(job: ResolveJob, nowMs: number): Promise<Omit<Resolved, 'isWritten'>> {
  const { warehouse, claims, runId } = job
  const unfinished = await new RunLog(warehouse).unfinished()
  const judgements = 'runId' in claims ? await judgeRun(job, claims) : await judgeEach(job, claims, nowMs)
  return { runId, judgements, unfinished, nowMs }
}

async function judgeRun({ warehouse, by }: ResolveJob, { runId, verdict, why }: RunClaim) {
  const judgements: Judgement[] = []
  for await (const settlements of readOnceInDoubt(warehouse, { runId })) {
    for (const settlement of settlements) {
      const { transactionId } = settlement
      judgements.push(judgeOfRun({ transactionId, verdict, why }, settlement, { by, runId }))
    }
  }
  return judgements
}

async function judgeEach({ warehouse, by }: ResolveJob, claims: readonly Claim[], nowMs: number) {
  const ids = new Set(claims.map(({ transactionId }) => transactionId))
  const settlements = await findSettlements(warehouse, ids, nowMs)
  return claims.map((claim): Judgement => {
    const settlement = settlements.get(claim.transactionId)
    if (settlement !== undefined) return judge(claim, settlement, by)
    return { kind: 'refused', claim, settlement: null, because: NOT_LOOKED_UP }
  })
}

const NOT_LOOKED_UP = `no event of the last ${SHORTEST_AUDIT_DAYS} days under this id was ever in doubt`

/**
 * The newest settlement of each; null for one that the audit table does not know. Many are found in one query for all that were ever in
 * doubt; of those that are not among them, only a few are looked up.
 */
async function findSettlements(
  warehouse: Warehouse,
  ids: ReadonlySet<string>,
  nowMs: number,
): Promise<Map<string, NewestSettlement | null>> {
  const found = new Map<string, NewestSettlement | null>()
  if (ids.size > LOOKUPS_MAX) {
    const occurredFromMs = nowMs - SHORTEST_AUDIT_DAYS * MS_PER_DAY
    for await (const settlements of readOnceInDoubt(warehouse, { occurredFromMs })) {
      for (const settlement of settlements)
        if (ids.has(settlement.transactionId)) found.set(settlement.transactionId, settlement)
    }
  }
  const left = [...ids].filter((id) => !found.has(id))
  for (const id of left.slice(0, LOOKUPS_MAX)) found.set(id, await readSettlement(warehouse, id))
  return found
}

async function writeChanges(
  { warehouse, runId, signal }: ResolveJob,
  changes: readonly Change[],
  lease: Lease,
  nowMs: number,
): Promise<void> {
  const nextAuditId = auditIds(runId)
  const rows = changes.map(({ settlement, resolution }) =>
    resolutionRow(settlement, resolution, { runId, auditId: nextAuditId(), nowMs }),
  )
  await writeRows(warehouse, rows, () => {
    signal?.throwIfAborted()
    requireHeld(lease, leaseLost)
  })
}

function leaseLost(): TransientError {
  return new TransientError('the lease was lost before all of it was written: a run may be sending', {
    hint: 'Give the same command again: what is written stays, and is not written twice.',
  })
}
