import pLimit from 'p-limit'
import type { Clock } from '../domain/clock.ts'
import { EVIDENCE_REASONS } from '../domain/reason.ts'
import { type AuditRow, OPEN_STATUSES, type Settlement, type Status } from '../domain/settlement.ts'
import type { Tally } from './tally.ts'

/** Rows that go to the warehouse at once: large enough that a commit is cheap per row, small enough to be held several times. */
const BATCH_ROWS = 4_000
/** An outcome is in the warehouse after this long even when few others follow. */
const BATCH_DELAY_MS = 1_000
/** Rows that may wait for the warehouse before the run stops taking new ones. */
const PENDING_ROWS_MAX = 5 * BATCH_ROWS

export interface AuditParts {
  /** Appends rows to the audit table: durable when it returns, all of them or none. */
  record: (rows: readonly AuditRow[]) => Promise<void>
  clock: Clock
  tally: Tally
  /** The warehouse has the rows of that many requests of a journal segment. */
  acknowledge: (journalSegment: number, requests: number) => Promise<void>
  /** Called once when the warehouse fails: the journal keeps what is not written. */
  onFailure: (error: Error) => void
}

/**
 * Writes what became of each row back to the warehouse, in batches. A batch is acknowledged as a whole before the journal forgets
 * it. After a failure nothing more is written in this run; the next one starts with what the journal holds.
 */
export class Audit {
  readonly #parts: AuditParts
  /** One batch at a time: rows of one transaction must not overtake each other. */
  readonly #inTurn = pLimit(1)
  readonly #waiters: (() => void)[] = []
  #batch: Settlement[] = []
  #pendingRows = 0
  #cancelTimer: (() => void) | null = null
  #failure: Error | null = null

  constructor(parts: AuditParts) {
    this.#parts = parts
  }

  /** The error that ended writing; null while the warehouse takes rows. */
  get failure(): Error | null {
    return this.#failure
  }

  get hasRoom(): boolean {
    return this.#pendingRows < PENDING_ROWS_MAX || this.#failure !== null
  }

  /** Resolves when the warehouse has caught up, or has failed. */
  room(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** Counts a settlement and writes its row soon. */
  settle(settlement: Settlement): void {
    const { status, reason, transactionId } = settlement.row
    if (status !== 'retried') this.#parts.tally.settled(status satisfies Status, reason, transactionId)
    if (isUnchanged(settlement) || this.#failure !== null) return
    this.#batch.push(settlement)
    this.#pendingRows++
    if (this.#batch.length >= BATCH_ROWS) void this.#write()
    else this.#cancelTimer ??= this.#parts.clock.after(BATCH_DELAY_MS, () => void this.#write())
  }

  /** Writes out everything; resolves when the warehouse has it, or has failed (see `failure`). */
  async flush(): Promise<void> {
    await this.#write()
  }

  #write(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    const batch = this.#batch
    this.#batch = []
    return this.#inTurn(() => this.#append(batch))
  }

  async #append(batch: readonly Settlement[]): Promise<void> {
    if (batch.length === 0 || this.#failure !== null) return
    try {
      await this.#parts.record(batch.map(({ row }) => row))
      await this.#acknowledge(batch)
    } catch (error) {
      this.#failure = error as Error
      this.#parts.onFailure(this.#failure)
    }
    this.#pendingRows -= batch.length
    for (const wake of this.#waiters.splice(0)) wake()
  }

  async #acknowledge(batch: readonly Settlement[]): Promise<void> {
    const requests = new Map<number, number>()
    for (const { journalSegment } of batch) {
      if (journalSegment !== null) requests.set(journalSegment, (requests.get(journalSegment) ?? 0) + 1)
    }
    for (const [segment, count] of requests) await this.#parts.acknowledge(segment, count)
  }
}

/**
 * A row that goes on waiting for the same reason, without another request, is counted and not written again: a device that waits for a
 * week would otherwise fill the table with the same row every fifteen minutes. A wait never outweighs evidence, so it is not written
 * on top of it either.
 */
function isUnchanged({ row, earlier, journalSegment }: Settlement): boolean {
  if (journalSegment !== null || earlier === null) return false
  const isOpen = (OPEN_STATUSES as readonly string[]).includes(row.status)
  if (!isOpen || earlier.status !== row.status) return false
  if (EVIDENCE_REASONS.includes(earlier.reason)) return true
  // One that waits for another event than before says so; the words of an unknown outcome stand in its first row.
  return earlier.reason === row.reason && (row.status === 'in_doubt' || earlier.message === row.message)
}
