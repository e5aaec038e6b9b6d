import type { Clock } from '../domain/clock.ts'
import { ExpectedError, TransientError } from '../domain/errors.ts'
import { overlaps } from '../domain/shard.ts'
import { instant } from '../warehouse/instants.ts'
import { readQuery } from '../warehouse/queries.ts'
import type { QueryParameters, Warehouse } from '../warehouse/warehouse.ts'
import { heldByOther, isHeld, type LeaseRow, readLeases } from './lease-row.ts'
import {
  CLOCK_SKEW_MS,
  HANDOVER_MS,
  HEARTBEAT_MS,
  HEARTBEAT_RETRY_MS,
  RELEASE_TIMEOUT_MS,
  type Span,
  spanFrom,
} from './lease-time.ts'

export interface LeaseParts {
  warehouse: Pick<Warehouse, 'query' | 'update'>
  clock: Clock
  /** `i/n` */
  shard: string
  holder: { runId: string; host: string; pid: number }
  /** How long a request that left at the last instant may be under way, milliseconds. */
  requestTimeoutMs: number
  /**
   * No other process can be running, for the warehouse is this one's alone (DuckDB locks its file). A holder in the row is one that
   * was killed, so there is nobody to wait for: what it had in flight stands in the journal as in doubt, and its devices wait by that.
   */
  isAlone: boolean
}

/** Runs that begin at the same moment: each loses at most once to each other. */
const TAKE_ATTEMPTS = 5

/**
 * The right to send for a shard, which one run has at a time. It is a row in `s2s_lease`, taken by a conditional update, renewed by
 * heartbeat and numbered by an epoch that only rises.
 *
 * Instants in the row are by the wall clocks of those who write it, as all instants in the warehouse are, with a margin for the
 * difference (see `lease-time.ts`); a holder whose clock is wrong by more than that can be taken over while it sends. Its own deadline is
 * monotonic and is looked at before each request, because a process that was paused cannot know what happened meanwhile.
 */
export class Lease {
  readonly epoch: number
  #sendsFrom: number
  readonly #parts: LeaseParts
  /** Both clocks at one moment: a wall clock that is set back later must not shorten what the row promises to this run. */
  readonly #takenAt: { ms: number; monotonic: number }
  #span: Span
  #state: 'held' | 'lost' | 'released' = 'held'
  #failure: Error | null = null
  #beating: Promise<void> = Promise.resolve()
  #cancelBeat = () => {}
  #cancelWatch = () => {}
  #whyLost: string | null = null
  #onLost: (why: string) => void = () => {}

  private constructor(parts: LeaseParts, seen: LeaseRow, rivals: readonly LeaseRow[]) {
    this.epoch = seen.epoch + 1
    this.#parts = parts
    this.#sendsFrom = handoverEnd(rivals, parts)
    this.#takenAt = { ms: parts.clock.now(), monotonic: parts.clock.monotonic() }
    this.#span = this.#nextSpan()
  }

  /**
   * Takes the lease and keeps it until `release`.
   *
   * @throws TransientError when another run has it, or that of another number of shards, which has devices of this one: who, since when, until when.
   */
  static async take(parts: LeaseParts): Promise<Lease> {
    for (let attempt = 0; attempt < TAKE_ATTEMPTS; attempt++) {
      const rivals = await readRivals(parts)
      const seen = rivals.find((row) => row.shard === parts.shard)!
      throwIfHeld(rivals, parts)
      const lease = new Lease(parts, seen, rivals)
      if (await lease.#claimAlone(seen)) return lease
    }
    throw new TransientError(`the lease of shard ${parts.shard} changes hands all the time`, {
      hint: 'Several runs begin at the same moment: start one only.',
    })
  }

  /** Whether this run may send at this very moment. */
  get isHeld(): boolean {
    const { clock } = this.#parts
    const { until, untilMs } = this.#span
    return this.#state === 'held' && clock.monotonic() < until && clock.now() < untilMs
  }

  /** Monotonic milliseconds: before, the requests of the last holder and of this one could share a second. */
  get sendsFrom(): number {
    return this.#sendsFrom
  }

  /** A bug that ended the heartbeat; null when there was none. */
  get failure(): Error | null {
    return this.#failure
  }

  /** Called once when the lease is lost, at once if it is already: from then on nothing may be sent. */
  set onLost(callback: (why: string) => void) {
    this.#onLost = callback
    if (this.#whyLost !== null) callback(this.#whyLost)
  }

  /** Holds the lease for longer, or finds that it is lost. Throws what the warehouse throws; the deadline is then the old one. */
  async renew(): Promise<void> {
    const span = this.#nextSpan()
    const rows = await this.#update('lease-renew.sql', {
      expires_at: instant(span.expiresAtMs),
      epoch: this.epoch,
    })
    if (rows === 0) this.#lose('another run has taken it')
    else if (this.isHeld) this.#span = span
    else this.#lose(RAN_OUT)
  }

  /**
   * Gives it back: the next run need not wait. When the warehouse cannot be reached soon, it runs out by itself, and this run ends all
   * the same.
   */
  async release(): Promise<void> {
    this.#end('released')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const cancel = this.#parts.clock.after(RELEASE_TIMEOUT_MS, resolve)
    this.#giveBack().then(resolve, reject)
    await promise.finally(cancel)
  }

  async #giveBack(): Promise<void> {
    await this.#beating
    try {
      await this.#update('lease-release.sql', { now: instant(this.#parts.clock.now()), epoch: this.epoch })
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error
    }
  }

  async #claim(seen: LeaseRow): Promise<boolean> {
    const { clock, holder } = this.#parts
    const rows = await this.#update('lease-take.sql', {
      host: holder.host,
      pid: holder.pid,
      now: instant(clock.now()),
      expires_at: instant(this.#span.expiresAtMs),
      seen_epoch: seen.epoch,
      seen_expires_at: instant(seen.expiresAtMs),
    })
    if (rows === 0) return false
    this.#beatAfter(HEARTBEAT_MS)
    this.#watch()
    return true
  }

  /**
   * False when somebody else was faster. A shard of another count has a row of its own: of two that take theirs at the same moment, each
   * sees the other's only after that, and gives way. So does a run whose claim has no answer, for it may have been made.
   */
  async #claimAlone(seen: LeaseRow): Promise<boolean> {
    try {
      if (!(await this.#claim(seen))) return false
      const others = (await readRivals(this.#parts)).filter((row) => row.shard !== this.#parts.shard)
      throwIfHeld(others, this.#parts)
      this.#sendsFrom = Math.max(this.#sendsFrom, handoverEnd(others, this.#parts))
      return true
    } catch (error) {
      await this.release()
      throw error
    }
  }

  /** From the clocks as they are before the warehouse is asked: however long it takes, the holder stops in time. */
  #nextSpan(): Span {
    const { clock, requestTimeoutMs } = this.#parts
    const monotonic = clock.monotonic()
    const sinceTakenMs = Math.ceil(monotonic - this.#takenAt.monotonic)
    return spanFrom(Math.max(clock.now(), this.#takenAt.ms + sinceTakenMs), monotonic, requestTimeoutMs)
  }

  #beatAfter(delayMs: number): void {
    this.#cancelBeat = this.#parts.clock.after(delayMs, () => {
      this.#beating = this.#beat()
    })
  }

  /** A heartbeat that fails is tried again until the deadline: a warehouse that is away for a minute ends no run. */
  async #beat(): Promise<void> {
    let nextMs = HEARTBEAT_MS
    try {
      await this.renew()
    } catch (error) {
      nextMs = HEARTBEAT_RETRY_MS
      if (!(error instanceof ExpectedError)) {
        this.#failure = error as Error
        this.#lose('its heartbeat met a bug')
      }
    }
    if (this.#state === 'held') this.#beatAfter(nextMs)
  }

  /** Notices the deadline also while a heartbeat waits for its answer. */
  #watch(): void {
    const leftMs = this.#span.until - this.#parts.clock.monotonic()
    this.#cancelWatch = this.#parts.clock.after(leftMs, () => {
      if (this.isHeld) this.#watch()
      else this.#lose(RAN_OUT)
    })
  }

  #lose(why: string): void {
    if (this.#state !== 'held') return
    this.#end('lost')
    this.#whyLost = why
    this.#onLost(why)
  }

  #end(state: 'lost' | 'released'): void {
    this.#state = state
    this.#cancelBeat()
    this.#cancelWatch()
  }

  #update(file: string, parameters: QueryParameters): Promise<number> {
    const { warehouse, shard, holder } = this.#parts
    return warehouse.update(readQuery(file), {
      name: `sql/${file}`,
      parameters: { shard, holder: holder.runId, ...parameters },
    })
  }
}

const RAN_OUT = 'it was not renewed in time: the process was paused, or the warehouse could not be reached'

function throwIfHeld(rows: readonly LeaseRow[], { isAlone, clock }: LeaseParts): void {
  const held = isAlone ? undefined : rows.find((row) => isHeld(row, clock.now()))
  if (held !== undefined) throw heldByOther(held)
}

/** Monotonic milliseconds at which the last second of all last holders is over. */
function handoverEnd(rows: readonly LeaseRow[], parts: LeaseParts): number {
  return parts.clock.monotonic() + Math.max(0, ...rows.map((row) => handoverMs(row, parts)))
}

/** For how long the last holder's last second is not over yet. */
function handoverMs({ epoch, holder, expiresAtMs }: LeaseRow, { clock, isAlone }: LeaseParts): number {
  const sinceMs = clock.now() - expiresAtMs
  // Nobody ever sent; or it ran out, which is long after the last request.
  if (epoch === 0 || (holder !== null && !isAlone)) return 0
  // It was killed, who knows when.
  if (holder !== null) return HANDOVER_MS
  if (isAlone) return Math.min(HANDOVER_MS, Math.max(0, HANDOVER_MS - sinceMs))
  // It was given back by another machine's clock.
  return sinceMs < CLOCK_SKEW_MS ? HANDOVER_MS : 0
}

/** The rows of all who may send to devices of this shard, its own among them, which is made where it is missing. */
async function readRivals({ warehouse, clock, shard }: LeaseParts): Promise<LeaseRow[]> {
  const find = async () => (await readLeases(warehouse)).filter((row) => overlaps(row.shard, shard))
  const isOwn = (row: LeaseRow) => row.shard === shard
  const seen = await find()
  if (seen.some(isOwn)) return seen
  const parameters = { shard, now: instant(clock.now()) }
  await warehouse.update(readQuery('lease-first.sql'), { name: 'sql/lease-first.sql', parameters })
  const made = await find()
  if (!made.some(isOwn)) throw new Error(`s2s_lease has no row for shard ${shard} after one was made`)
  return made
}
