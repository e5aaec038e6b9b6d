import type { Config } from '../../src/config.ts'
import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from '../../src/domain/durations.ts'
import type { TableRow } from '../../src/warehouse/warehouse.ts'
import type { Volume } from './disk.ts'
import type { Exchange } from './network.ts'
import type { SimulatedProcess } from './process.ts'

/** The promise that was broken, and how. */
export interface Violation {
  promise:
    | 'accounted'
    | 'twice'
    | 'order'
    | 'age'
    | 'rate'
    | 'one sender'
    | 'durable'
    | 'unknowns'
    | 'audit'
    | 'progress'
    | 'refusal'
  what: string
}

const AD_REVENUE_MAX_AGE_DAYS = 28
/** Wall clocks of two machines are apart by at most so much. */
const CLOCKS_DIFFER_MS = 40_000
/** The sender leaves an unknown outcome alone for a quarter of an hour before it may resend, by clocks that differ by 40 seconds. */
const QUIET_MS = 15 * MS_PER_MINUTE - CLOCKS_DIFFER_MS

/** What a witness can see. */
export interface WitnessedStory {
  config: Config
  configOf: (process: SimulatedProcess) => Config
  exchanges: readonly Exchange[]
  /** Rows of `s2s_audit`. */
  audit: readonly TableRow[]
  /** Rows of `s2s_lease`. */
  lease: readonly TableRow[]
  volumeOf: (process: SimulatedProcess) => Volume
}

/** Looks at each request at the instant of its first byte: what may not have left, whatever becomes of it. */
export class Witness {
  readonly violations: Violation[] = []
  /** Events in doubt that were overtaken by another of their device. */
  readonly overtaken: { transactionId: string; by: Exchange }[] = []
  readonly #story: WitnessedStory
  readonly #journals = new Map<Volume, DurableIntents>()
  readonly #ofTransaction = new Map<string, Exchange[]>()
  /** In the order in which they first sent. */
  readonly #senders: SimulatedProcess[] = []

  constructor(story: WitnessedStory) {
    this.#story = story
  }

  /** @param exchange is about to begin; it does not stand among the exchanges yet. */
  look(exchange: Exchange): void {
    this.#checkAge(exchange)
    this.#checkDurable(exchange)
    this.#checkSender(exchange)
    this.#checkLease(exchange)
    this.#checkInFlight(exchange)
    this.#checkDoubts(exchange)
    this.#checkRepeated(exchange)
    this.#checkRefusals(exchange)
    const earlier = this.#ofTransaction.get(exchange.transactionId)
    if (earlier === undefined) this.#ofTransaction.set(exchange.transactionId, [exchange])
    else earlier.push(exchange)
  }

  #report(promise: Violation['promise'], what: string): void {
    this.violations.push({ promise, what })
  }

  #checkAge({ createdAtMs, startedAtMs, isEvent, transactionId }: Exchange): void {
    const { maxAgeDays } = this.#story.config.delivery
    const days = isEvent ? maxAgeDays : AD_REVENUE_MAX_AGE_DAYS
    const ageMs = startedAtMs - createdAtMs
    // A session may be as old as an event.
    if (ageMs >= Math.max(days, isEvent ? 0 : maxAgeDays) * MS_PER_DAY)
      this.#report('age', `${transactionId} left at the age of ${(ageMs / MS_PER_DAY).toFixed(4)} days`)
  }

  #checkDurable({ process, transactionId }: Exchange): void {
    const volume = this.#story.volumeOf(process)
    const journal = this.#journals.get(volume) ?? new DurableIntents(volume)
    this.#journals.set(volume, journal)
    const sent = this.#ofTransaction.get(transactionId)?.filter((one) => one.process === process).length ?? 0
    if (journal.count(process.number, transactionId) <= sent)
      this.#report('durable', `${transactionId} left before its intent was durable`)
  }

  #checkSender({ process, transactionId, startedAtMs }: Exchange): void {
    const current = this.#senders.at(-1)
    if (current === process) return
    if (this.#senders.includes(process))
      this.#report(
        'one sender',
        `run ${process.number} sent ${transactionId} after another run had begun to send`,
      )
    if (current !== undefined && !current.isDead) {
      const { timeoutMs } = this.#story.config.delivery
      const isOpen = this.#openOf(current).some((one) => startedAtMs < one.startedAtMs + timeoutMs)
      if (isOpen)
        this.#report(
          'one sender',
          `run ${process.number} sent while run ${current.number} had requests in flight`,
        )
    }
    this.#senders.push(process)
  }

  /** Whoever sends stands in the warehouse as the holder of the lease, and nobody may take it from him yet. */
  #checkLease({ process, transactionId, startedAtMs }: Exchange): void {
    // It was taken, so it is there.
    const { holder, expires_at } = this.#story.lease[0]!
    const expiresAtMs = (expires_at as { timestampMicros: number }).timestampMicros / 1_000
    if (holder !== `run-${process.number}`)
      this.#report('one sender', `run ${process.number} sent ${transactionId} while ${holder} had the lease`)
    else if (startedAtMs >= expiresAtMs + CLOCKS_DIFFER_MS)
      this.#report('one sender', `run ${process.number} sent ${transactionId} when its lease had run out`)
  }

  #checkInFlight(exchange: Exchange): void {
    const open = this.#openOf(exchange.process)
    if (open.length >= exchange.process.concurrency)
      this.#report('unknowns', `${open.length + 1} in flight, ${exchange.process.concurrency} are allowed`)
    const blocker = open.find((one) => mustWait(one, exchange))
    if (blocker !== undefined)
      this.#report(
        'order',
        `${exchange.transactionId} left while ${blocker.transactionId} of its device was in flight`,
      )
  }

  /**
   * Events of a device wait for an earlier one whose outcome the audit table calls unknown. (One that is sent again waits for none: two of
   * a device would wait for each other.) Whether this very run has given that one up a moment ago is seen at the end.
   */
  #checkDoubts(exchange: Exchange): void {
    const { inDoubt, inDoubtHoldHours } = this.#story.configOf(exchange.process).delivery
    if (this.#latestOf(exchange.transactionId)?.status === 'in_doubt') return
    for (const [transactionId, sendings] of this.#ofTransaction) {
      const last = sendings.at(-1)!
      const policy = last.hasRevenue ? inDoubt.revenue : inDoubt.other
      if (last.process === exchange.process || policy === 'skip') continue
      if (last.createdAtMs >= exchange.createdAtMs || !mustWait(last, exchange)) continue
      const row = this.#latestOf(transactionId)
      if (row?.status !== 'in_doubt') continue
      const heldUntilMs = settledAtMs(row) + inDoubtHoldHours * MS_PER_HOUR - CLOCKS_DIFFER_MS
      if (exchange.startedAtMs < heldUntilMs) this.overtaken.push({ transactionId, by: exchange })
    }
  }

  /** Delivered once is delivered for good, whatever a journal adds that is read later. */
  #latestOf(transactionId: string): TableRow | undefined {
    const rows = this.#story.audit.filter((one) => one.transaction_id === transactionId)
    return rows.find(({ status }) => status === 'delivered') ?? rows.at(-1)
  }

  #openOf(process: SimulatedProcess): Exchange[] {
    return this.#story.exchanges.filter((one) => one.process === process && one.heard === null)
  }

  /** Adjust counts what it gets: another request may follow only one of which the sender knows that it did not count. */
  #checkRepeated({ process, transactionId, startedAtMs, hasRevenue }: Exchange): void {
    const last = this.#ofTransaction.get(transactionId)?.at(-1)
    if (last === undefined || isKnownNotCounted(last)) return
    const { inDoubt } = this.#story.configOf(process).delivery
    const policy = hasRevenue ? inDoubt.revenue : inDoubt.other
    const isResent = policy === 'resend' && startedAtMs - last.startedAtMs >= QUIET_MS
    if (!isResent || this.#isCalledDelivered(transactionId))
      this.#report('twice', `${transactionId} left again, though Adjust may have counted it`)
  }

  #isCalledDelivered(transactionId: string): boolean {
    return this.#story.audit.some((row) => row.transaction_id === transactionId && row.status === 'delivered')
  }

  /** What Adjust has refused for everyone, nobody sends again in the same run. */
  #checkRefusals(exchange: Exchange): void {
    for (const one of this.#story.exchanges) {
      if (one.process !== exchange.process || one.heard?.kind !== 'answered' || one.judged === null) continue
      if (one.fault !== null && one.fault !== 'slow_answer') continue
      const stops = STOPPED_BY[one.judged]
      const isStopped =
        (stops === 'run' && !this.#isAllowed(one)) ||
        (stops === 'app' && one.appToken === exchange.appToken) ||
        (stops === 'token' && one.appToken === exchange.appToken && one.eventToken === exchange.eventToken)
      if (isStopped)
        this.#report(
          'refusal',
          `${exchange.transactionId} left after the answer ${one.judged} to ${one.transactionId}`,
        )
    }
  }

  #isAllowed({ judged }: Exchange): boolean {
    return judged !== 'notAuthorized' && this.#story.config.adjust.unauthenticated === 'allow'
  }
}

const STOPPED_BY: Partial<Record<NonNullable<Exchange['judged']>, 'run' | 'app' | 'token'>> = {
  authenticationMissing: 'run',
  authenticationWrong: 'run',
  notAuthorized: 'run',
  appInactive: 'app',
  appTokenNotFound: 'app',
  invalidAppToken: 'app',
  invalidEventToken: 'token',
}

function settledAtMs({ settled_at }: TableRow): number {
  return (settled_at as { timestampMicros: number }).timestampMicros / 1_000
}

/** Adjust's rule: the same token, or both with revenue. */
export function mustBeInOrder(one: Exchange, other: Exchange): boolean {
  if (!one.isEvent || !other.isEvent || one.appToken !== other.appToken) return false
  return one.eventToken === other.eventToken || (one.hasRevenue && other.hasRevenue)
}

function mustWait(open: Exchange, next: Exchange): boolean {
  return mustBeInOrder(open, next) && open.identifiers.some((name) => next.identifiers.includes(name))
}

/** The sender has heard Adjust's own word that the event failed. */
function isKnownNotCounted({ heard, judged, fault, counted }: Exchange): boolean {
  if (heard?.kind !== 'answered' || counted) return false
  if (fault === 'too_many_requests' || fault === 'internal_error') return true
  return (fault === null || fault === 'slow_answer') && judged !== null
}

const INTENT =
  /"type":"intent","row":\{"auditId":"run-(\d+)\/\d+","runId":"run-\d+","transactionId":"([^"]*)"/g

/** The intents that a power cut could no longer take, by run and transaction; what is deleted later still counts. */
class DurableIntents {
  readonly #volume: Volume
  readonly #read = new Map<object, number>()
  readonly #counts = new Map<string, number>()

  constructor(volume: Volume) {
    this.#volume = volume
  }

  count(run: number, transactionId: string): number {
    this.#readOn()
    return this.#counts.get(`${run} ${transactionId}`) ?? 0
  }

  #readOn(): void {
    for (const file of this.#volume.files.values()) {
      const from = this.#read.get(file) ?? 0
      if (file.durableBytes <= from) continue
      for (const [, run, transactionId] of file.bytes
        .toString('latin1', from, file.durableBytes)
        .matchAll(INTENT)) {
        const key = `${run} ${transactionId}`
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
      }
      this.#read.set(file, file.durableBytes)
    }
  }
}
