import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../src/domain/event.ts'
import type { AuditRow, Settlement } from '../../src/domain/settlement.ts'
import type { Answer } from '../../src/load/answer.ts'
import { Journal } from '../../src/load/journal.ts'
import { Load, type LoadRules } from '../../src/load/load.ts'
import type { OutgoingRequest, RequestCallbacks, Transport } from '../../src/load/transport.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { event } from './event.ts'
import { MemoryDisk } from './memory-disk.ts'
import { OrderingModel } from './ordering-model.ts'

const answered = (status: number, message: string, retryAfterMs: number | null = null): Answer => ({
  kind: 'answered',
  status,
  retryAfterMs,
  body: message === 'OK' ? message : JSON.stringify({ error: `Event request failed (${message})` }),
})

/** Answers after which the event is known not to be counted, so that it may be sent again. */
const HARMLESS: Answer[] = [
  answered(429, 'Too many', 1_500),
  answered(429, 'Too many'),
  answered(500, 'Internal error, contact support@adjust.com'),
  { kind: 'not_sent', message: 'ECONNREFUSED' },
]
const FINAL: Answer[] = [
  { kind: 'lost', message: 'ECONNRESET' },
  { kind: 'timed_out', message: 'no answer' },
  { kind: 'answered', status: 502, retryAfterMs: null, body: '<html>Bad gateway</html>' },
  answered(404, 'Device not found'),
  answered(400, 'Bad event state'),
  answered(400, 'Invalid event token'),
  answered(403, 'App is inactive'),
  answered(202, 'Missing authentication token'),
  answered(401, 'Failed to authorize request'),
]
const answers = fc.oneof(
  { weight: 30, arbitrary: fc.constant(answered(200, 'OK')) },
  { weight: 6, arbitrary: fc.constantFrom(...HARMLESS) },
  { weight: 2, arbitrary: fc.constantFrom(...FINAL) },
)
/** One kind of trouble most of the time. */
const outages = fc.oneof(
  { weight: 1, arbitrary: fc.constant(answered(200, 'OK')) },
  { weight: 9, arbitrary: fc.constantFrom(...HARMLESS.slice(1), ...FINAL.slice(0, 2)) },
)

const policy = fc.constantFrom('hold', 'skip', 'resend')
const scenarios = fc.record({
  events: fc.array(
    fc.record({
      changes: fc.record({
        appToken: fc.constantFrom('app1', 'app1', 'app2'),
        eventToken: fc.constantFrom('tok001', 'tok002'),
        revenue: fc.constantFrom(null, '9.99'),
        deviceNames: fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnop'), { minLength: 1, maxLength: 2 }),
      }),
      isHeld: fc.integer({ min: 0, max: 19 }).map((drawn) => drawn === 0),
      expiresAfterMs: fc.oneof({ weight: 6, arbitrary: fc.constant(1e12) }, fc.nat(3_000)),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  ),
  answers: fc.oneof(
    { weight: 3, arbitrary: fc.array(answers, { minLength: 1, maxLength: 80, size: 'max' }) },
    { weight: 1, arbitrary: fc.array(outages, { minLength: 1, maxLength: 40, size: 'max' }) },
  ),
  diskMs: fc.constantFrom(0, 0, 1, 7, 80),
  latenciesMs: fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }),
  requestsPerSecond: fc.integer({ min: 1, max: 60 }),
  concurrency: fc.integer({ min: 1, max: 20 }),
  windowEvents: fc.integer({ min: 1, max: 50 }),
  maxAttempts: fc.integer({ min: 1, max: 4 }),
  inDoubt: fc.record({ revenue: policy, other: policy }),
  unauthenticated: fc.constantFrom('stop', 'allow'),
  stopAfterRequests: fc.option(fc.nat(40), { freq: 2 }),
  /** 0 is while the disk is still writing; the others may fall between a turn of the rate and the request. */
  stopDelayMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_100 })),
  diskFullAfterBytes: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.integer({ min: 500, max: 60_000 }) },
  ),
  seed: fc.nat(),
})
type Scenario = typeof scenarios extends fc.Arbitrary<infer Value> ? Value : never

/** One run of the real `Load` and journal, over a clock, a disk and a network that the test owns. */
class Simulation implements Transport {
  readonly clock = new VirtualClock()
  readonly disk = new MemoryDisk()
  readonly model = new OrderingModel()
  readonly requests: { transactionId: string; at: number; answer: Answer }[] = []
  readonly rows: AuditRow[] = []
  readonly admitted: string[] = []
  /** Broken promises; they are collected because `send` is called from inside of the journal. */
  readonly violations: string[] = []
  timersAfterDrain = 0
  drainedAtMs = 0
  #cancelStop = () => {}
  readonly #scenario: Scenario
  #load!: Load

  constructor(scenario: Scenario) {
    this.#scenario = scenario
  }

  async run(): Promise<void> {
    const { journal } = await Journal.open(this.disk, 'owner', 'run')
    this.disk.capacityBytes = this.#scenario.diskFullAfterBytes ?? Number.POSITIVE_INFINITY
    const { diskMs } = this.#scenario
    if (diskMs > 0) this.disk.schedule = (done) => void this.clock.after(diskMs, done)
    let auditIds = 0
    this.#load = new Load(this.#rules(), {
      clock: this.clock,
      random: this.#random(),
      journal,
      isLeaseHeld: () => true,
      transport: this,
      tokenFor: () => null,
      nextAuditId: () => `run/${++auditIds}`,
      onSettled: (settlement) => this.#settled(settlement),
    })
    await this.#whileTimePasses(this.#admitAll().then(() => this.#load.drain()))
    this.drainedAtMs = this.clock.monotonic()
    this.#cancelStop()
    // A slow disk may still be writing the last outcomes.
    this.timersAfterDrain = diskMs > 0 ? 0 : this.clock.pendingTimers
    const closed = journal.close().catch((error: Error) => expect(error.message).toContain('ENOSPC'))
    await this.#whileTimePasses(closed)
  }

  send({ query }: OutgoingRequest, { onStart, onAnswer }: RequestCallbacks): void {
    const number = this.requests.length
    const { answers: planned, latenciesMs, stopAfterRequests } = this.#scenario
    const answer = planned[number % planned.length]!
    this.#checkMayLeave(query)
    if (answer.kind !== 'not_sent') onStart()
    this.requests.push({ transactionId: query, at: this.clock.monotonic(), answer })
    this.clock.after(latenciesMs[number % latenciesMs.length]!, () => onAnswer(answer))
    if (number === stopAfterRequests) this.#stopSoon()
  }

  async close(): Promise<void> {}

  #stopSoon(): void {
    const { stopDelayMs } = this.#scenario
    const stop = () => this.#load.stop('run_stopped')
    if (stopDelayMs === 0) setImmediate(stop)
    else this.#cancelStop = this.clock.after(stopDelayMs, stop)
  }

  #checkMayLeave(transactionId: string): void {
    if (this.#load.stopped !== null) this.violations.push(`${transactionId} left after the stop`)
    const requests = this.requests.filter((one) => one.transactionId === transactionId).length
    if (this.#durableIntents(transactionId) <= requests)
      this.violations.push(`${transactionId} left before its intent was durable`)
    for (const earlier of this.model.blockersOf(transactionId)) {
      const row = this.rows.findLast((one) => one.transactionId === earlier && one.status !== 'retried')
      if (row === undefined || (this.#leavesOpen(row) && !stopsWithItsKind(row)))
        this.violations.push(
          `${transactionId} left before ${earlier} was settled: ${row?.status} ${row?.reason}`,
        )
    }
  }

  #durableIntents(transactionId: string): number {
    const durable = [...this.disk.files.values()]
      .map(({ bytes, durableBytes }) => bytes.toString('utf8', 0, durableBytes))
      .join('')
    return durable
      .split('"type":"intent"')
      .filter((part) => part.includes(`"transactionId":"${transactionId}"`)).length
  }

  #leavesOpen({ status, revenue }: AuditRow): boolean {
    const { inDoubt } = this.#scenario
    if (status === 'in_doubt') return (revenue === null ? inDoubt.other : inDoubt.revenue) !== 'skip'
    return status === 'deferred'
  }

  #settled({ row }: Settlement): void {
    this.rows.push(row)
    if (row.status === 'retried') return
    if (this.#leavesOpen(row) && !stopsWithItsKind(row)) this.model.hold(row.transactionId)
    else this.model.settle(row.transactionId)
  }

  async #admitAll(): Promise<void> {
    for (const [number, { changes, isHeld, expiresAfterMs }] of this.#scenario.events.entries()) {
      const one = this.#event(number, changes, expiresAfterMs)
      this.admitted.push(one.transactionId)
      this.model.admit(one)
      if (isHeld) this.#load.hold(one, 'deferred', 'device_not_found', null)
      else this.#load.admit(one)
      if (!this.#load.hasRoom) await this.#load.room()
    }
  }

  #event(number: number, changes: Partial<Event>, expiresAfterMs: number): Event {
    const { transactionId } = event(number)
    return event(number, { ...changes, query: transactionId, expiresAtMs: this.clock.now() + expiresAfterMs })
  }

  /** Time goes on only when nothing more can happen without it. */
  async #whileTimePasses(work: Promise<unknown>): Promise<void> {
    let isDone = false
    void work.then(() => {
      isDone = true
    })
    for (let idleSteps = 0; !isDone && idleSteps < 100; ) {
      for (let turns = 0; turns < 4; turns++) await new Promise((resolve) => setImmediate(resolve))
      idleSteps = this.clock.pendingTimers > 0 ? 0 : idleSteps + 1
      if (!isDone) this.clock.advanceToNext()
    }
    if (!isDone) throw new Error('it hangs')
  }

  #rules(): LoadRules {
    const { requestsPerSecond, concurrency, windowEvents, maxAttempts, inDoubt, unauthenticated } =
      this.#scenario
    return {
      runId: 'run',
      requestsPerSecond,
      concurrency,
      windowEvents,
      maxAttempts,
      inDoubt: inDoubt as LoadRules['inDoubt'],
      unauthenticated: unauthenticated as LoadRules['unauthenticated'],
      deviceNotFoundRetryDays: 7,
    }
  }

  #random(): () => number {
    let state = (this.#scenario.seed % 2_147_483_646) + 1
    return () => {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    }
  }
}

/** What is refused for its app or token stands in nobody's way: what it could be out of order with is refused as well. */
function stopsWithItsKind({ reason, revenue }: AuditRow): boolean {
  return reason === 'app_stopped' || (revenue === null && /^token_stopped$|^rejection_storm$/.test(reason))
}

const final = (rows: AuditRow[]) => rows.filter(({ status }) => status !== 'retried')

async function check(scenario: Scenario): Promise<Simulation> {
  const simulation = new Simulation(scenario)
  await simulation.run()
  const { requests, rows, admitted, violations, timersAfterDrain } = simulation
  expect(violations).toEqual([])
  expect(
    final(rows)
      .map(({ transactionId }) => transactionId)
      .sort(),
  ).toEqual(admitted.sort())
  for (const [index, { transactionId, answer }] of requests.entries()) {
    const isRepeated = requests.slice(index + 1).some((later) => later.transactionId === transactionId)
    if (isRepeated) expect(HARMLESS).toContain(answer)
  }
  const started = requests.filter(({ answer }) => answer.kind !== 'not_sent')
  for (const [index, { at }] of started.entries()) {
    const oneSecondLater = started[index + scenario.requestsPerSecond]
    if (oneSecondLater) expect(oneSecondLater.at - at).toBeGreaterThanOrEqual(1_000)
  }
  const sentRows = rows.filter(({ sentAtMs }) => sentAtMs !== null)
  expect(sentRows).toHaveLength(requests.filter(({ answer }) => answer.kind !== 'not_sent').length)
  for (const { transactionId, attempt } of final(rows)) {
    expect([transactionId, attempt]).toEqual([
      transactionId,
      requests.filter((request) => request.transactionId === transactionId).length,
    ])
  }
  expect(timersAfterDrain).toBe(0)
  return simulation
}

describe('any run', () => {
  it('settles every event once, in order, at the rate, with durable intents, and sends nothing twice that may have counted', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => void (await check(scenario))),
      { numRuns: 400 },
    )
  })
})

const quiet: Scenario = {
  events: [],
  answers: [answered(200, 'OK')],
  diskMs: 0,
  latenciesMs: [1],
  requestsPerSecond: 60,
  concurrency: 8,
  windowEvents: 50,
  maxAttempts: 4,
  inDoubt: { revenue: 'hold', other: 'hold' },
  unauthenticated: 'stop',
  stopAfterRequests: null,
  stopDelayMs: 0,
  diskFullAfterBytes: null,
  seed: 1,
}

/** Events of one device each; those that are named expire after so many milliseconds. */
const separate = (count: number, expiresAfterMs: Record<number, number> = {}): Scenario['events'] =>
  Array.from({ length: count }, (_, number) => ({
    changes: { appToken: 'app1', eventToken: 'tok001', revenue: null, deviceNames: [`device ${number}`] },
    isHeld: false,
    expiresAfterMs: expiresAfterMs[number] ?? 1e12,
  }))
const statuses = ({ rows }: Simulation) => final(rows).map(({ status }) => status)

describe('an event that grows too old while its intent is written', () => {
  it('does not keep those back that waited for it to prove their token', async () => {
    const simulation = await check({ ...quiet, diskMs: 80, events: separate(3, { 0: 40 }) })
    expect(statuses(simulation)).toEqual(['expired', 'delivered', 'delivered'])
  })

  it('does not keep the run waiting when it was to probe whether Adjust is back', async () => {
    const down: Answer[] = Array.from({ length: 10 }, () => ({ kind: 'timed_out', message: 'no answer' }))
    const latenciesMs = [...down.map(() => 1), 1]
    // The tenth failure comes after about a second and two intents for each; the pause then takes one more.
    const answers = [...down, ...Array.from({ length: 20 }, () => answered(200, 'OK'))]
    for (let expiresAfterMs = 1_000; expiresAfterMs < 4_000; expiresAfterMs += 50) {
      const events = separate(14, { 10: expiresAfterMs })
      const simulation = await check({ ...quiet, diskMs: 80, answers, latenciesMs, events })
      expect(statuses(simulation).slice(-3)).toEqual(['delivered', 'delivered', 'delivered'])
    }
  })
})

describe('a stop while a request waits for the rate', () => {
  it('takes effect at once', async () => {
    // At one a second the second request has its turn at 988 ms and may leave at 1008 ms.
    const stop = { stopAfterRequests: 0, stopDelayMs: 1_000 }
    const simulation = await check({ ...quiet, requestsPerSecond: 1, events: separate(2), ...stop })
    expect(statuses(simulation)).toEqual(['delivered', 'deferred'])
    expect(simulation.drainedAtMs).toBe(1_000)
  })
})
