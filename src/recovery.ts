import { writeMissing, writeRows } from './audit/recover.ts'
import type { RunLog, UnfinishedRun } from './audit/run-log.ts'
import { settledSourceRow } from './audit/source-settlement.ts'
import type { Clock } from './domain/clock.ts'
import { TerminalError } from './domain/errors.ts'
import type { SourceRow } from './domain/event.ts'
import type { AuditRow } from './domain/settlement.ts'
import { overlaps, shardName } from './domain/shard.ts'
import { extract } from './extract/extract.ts'
import type { Journal, JournalContents, JournalledRun } from './load/journal.ts'
import { leftBehind } from './load/left-behind.ts'
import { Ordering } from './load/ordering.ts'
import { settledRow, unsent, unsettledRow } from './load/rows.ts'
import { type Scope, shardOf, transformRules } from './selection.ts'
import { createTransform } from './transform/transform.ts'

/** An unfinished run that this one had to do without its journal. */
export interface LostRun extends UnfinishedRun {
  /** Events that it may have sent, which are in doubt now. */
  inDoubt: number
}

export interface Recovery {
  /** Rows that the journal had and the warehouse had not. */
  recovered: AuditRow[]
  lost: LostRun[]
}

export interface RecoveryParts {
  /** Of this run. */
  runId: string
  clock: Clock
  projection: string
  runLog: RunLog
  journal: Pick<Journal, 'acknowledgeLeft'>
  contents: JournalContents
  nextAuditId: () => string
}

/**
 * Settles what earlier runs left behind, before anything is sent: what the journal holds is written to the audit table, and for an
 * unfinished run whose journal this is not, everything that it may have sent and has not accounted for becomes in doubt.
 *
 * It may die at any point and be repeated: a run is closed after its rows are durable, and the journal forgets after that.
 */
export async function recover(job: Scope, parts: RecoveryParts): Promise<Recovery> {
  const { clock, runLog, journal, contents } = parts
  const shard = shardName(shardOf(job.selection))
  const all = await runLog.unfinished()
  const unfinished = all.filter((run) => run.shard === shard)
  const recovered = await writeMissing(job.warehouse, leftBehind(contents.left, clock.now()))
  const lost: LostRun[] = []
  for (const run of unfinished) {
    const isKnown = isInJournal(run, contents.runs)
    if (!isKnown) lost.push({ ...run, inDoubt: await putInDoubt(run, job, parts) })
    await runLog.closed(run, isKnown ? 'recovered' : 'lost', clock.now())
  }
  await journal.acknowledgeLeft()
  // Only now: its own are closed by then, so shards of two numbers never wait for each other.
  refuseForeign(shard, all)
  return { recovered, lost }
}

/**
 * @throws TerminalError while a run of another number of shards is unfinished: it had devices of this one, and its journal lies elsewhere.
 */
function refuseForeign(shard: string, runs: readonly UnfinishedRun[]): void {
  const foreign = runs.filter((run) => run.shard !== shard && overlaps(run.shard, shard))
  if (foreign.length === 0) return
  const shards = [...new Set(foreign.map((run) => run.shard))]
  const [first] = shards
  throw new TerminalError(
    `a run of ${shards.length === 1 ? 'shard' : 'shards'} ${shards.join(', ')} did not end, and shard ${shard} has devices of it`,
    {
      hint: `First let \`adjust-s2s run --shard ${first}\`${shards.length === 1 ? '' : ', and so on,'} end once, with its state_dir; then change the number of shards.`,
    },
  )
}

/** A copy that was made while the run went on names it, and lacks its newest requests: it knows less than the run had claimed. */
function isInJournal(run: UnfinishedRun, journalled: readonly JournalledRun[]): boolean {
  const found = journalled.find(({ runId }) => runId === run.runId)
  return (found?.claimedToMicros ?? Number.NEGATIVE_INFINITY) >= run.claimedToMicros
}

/** Answers how many events are in doubt. */
async function putInDoubt(run: UnfinishedRun, job: Scope, parts: RecoveryParts): Promise<number> {
  const doubt = doubtMaker(run, job, parts)
  let inDoubt = 0
  for await (const rows of readClaimed(run, job, parts)) {
    const doubts = rows.filter((row) => mayHaveBeenSent(row, run)).flatMap((row) => doubt(row) ?? [])
    await writeRows(job.warehouse, doubts)
    inDoubt += doubts.length
  }
  return inDoubt
}

/** The rows that the run took, up to its mark, as far as they are not settled. */
function readClaimed(
  run: UnfinishedRun,
  { config, warehouse, selection, signal }: Scope,
  parts: RecoveryParts,
) {
  return extract(warehouse, parts.projection, {
    window: { fromMs: run.fromMicros / 1000, toMs: (run.claimedToMicros + 1) / 1000, full: false },
    ...(run.app === null ? {} : { app: run.app }),
    ...(run.event === null ? {} : { event: run.event }),
    resend: run.resend,
    shard: shardOf(selection),
    nowMs: parts.clock.now(),
    inDoubtBlocks: { revenue: true, other: true },
    inDoubtHoldHours: config.delivery.inDoubtHoldHours,
    signal,
  })
}

/**
 * What the run itself wrote is its last word on an event, but for an attempt that was to be followed by another. What an earlier run
 * wrote says nothing: this one may have sent the event since.
 */
function mayHaveBeenSent({ earlier }: SourceRow, { runId }: UnfinishedRun): boolean {
  if (earlier === null) return true
  if (earlier.status === 'delivered') return false
  return earlier.runId !== runId || earlier.status === 'retried'
}

/**
 * Makes the audit row that puts an event in doubt; null for a row that no run ever sends, such as a copy in the source. It names the
 * event's device, so that others wait for it as for any event in doubt.
 */
function doubtMaker(
  run: UnfinishedRun,
  { config, selection }: Scope,
  { runId, clock, nextAuditId }: RecoveryParts,
) {
  const rules = {
    ...transformRules(config, { ...selection, resend: 'none' }),
    inDoubt: { revenue: 'hold', other: 'hold' } as const,
  }
  const transform = createTransform({ ...rules, inDoubtHoldHours: Number.POSITIVE_INFINITY })
  const ordering = new Ordering()
  const message = `run ${run.runId} ended early, and its journal is gone`
  return (row: SourceRow): AuditRow | null => {
    const nowMs = clock.now()
    const doubted = inDoubtAt(row, runId, nowMs)
    const result = transform(doubted, nowMs)
    if (result.kind === 'settled') {
      if (result.status !== 'in_doubt') return null
      return { ...settledSourceRow(doubted, result), auditId: nextAuditId(), runId, settledAtMs: nowMs }
    }
    const { ticket } = ordering.admit(result.event)
    ordering.settle(ticket)
    const unsettled = unsettledRow(ticket, { runId }, nextAuditId())
    return settledRow(unsettled, unsent('in_doubt', 'journal_lost', message), nowMs)
  }
}

/** The row as it is read once it is in doubt. The request that may have been made counts as one. */
function inDoubtAt(row: SourceRow, runId: string, nowMs: number): SourceRow {
  const { attempts = 0, firstSentAtMs = null } = row.earlier ?? {}
  const doubt = { runId, status: 'in_doubt', reason: 'journal_lost', message: null, settledAtMs: nowMs }
  return { ...row, earlier: { ...doubt, attempts: attempts + 1, firstSentAtMs } }
}
