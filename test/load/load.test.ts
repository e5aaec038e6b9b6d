import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import type { Event } from '../../src/domain/event.ts'
import type { AuditRow } from '../../src/domain/settlement.ts'
import { FolderDisk } from '../../src/load/disk.ts'
import { HttpTransport } from '../../src/load/http-transport.ts'
import { Journal } from '../../src/load/journal.ts'
import { Load, type LoadRules } from '../../src/load/load.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts'
import { APP, event } from './event.ts'

interface Rig {
  load: Load
  simulator: Simulator
  journal: Journal
  folder: string
  /** Everything that was settled so far, retries as well. */
  rows: AuditRow[]
  /** Delivers the events and waits for the end; answers `t00001 delivered ok` and so on, in the order of the events. */
  deliver: (events: Event[]) => Promise<string[]>
}

interface RigOptions extends Partial<SimulatorOptions> {
  rules?: Partial<LoadRules>
  timeoutMs?: number
  token?: string
  clock?: Clock
}

/** The real load stage with a journal on disk, against a simulated Adjust on loopback. */
async function rig({
  rules = {},
  timeoutMs = 5_000,
  token,
  clock = systemClock,
  ...simulated
}: RigOptions = {}): Promise<Rig> {
  const simulator = await startSimulator({ port: 0, seed: 1, ...simulated })
  const folder = await mkdtemp(join(tmpdir(), 'load-'))
  const { journal } = await Journal.open(new FolderDisk(folder), 'owner', 'run')
  const transport = new HttpTransport({
    url: simulator.url,
    requestStyle: 'post_body',
    timeoutMs,
    userAgent: 'test',
    clock,
  })
  onTestFinished(async () => {
    await transport.close()
    await journal.close().catch(() => {})
    await simulator.close()
    await rm(folder, { recursive: true })
  })
  const rows: AuditRow[] = []
  let auditIds = 0
  const parts = {
    clock,
    // Retries soon: what a back-off amounts to has tests of its own.
    random: () => 0.01,
    journal,
    isLeaseHeld: () => true,
    transport,
    tokenFor: () => token ?? null,
    nextAuditId: () => `run/${++auditIds}`,
    onSettled: ({ row }: { row: AuditRow }) => void rows.push(row),
  }
  const load = new Load({ ...RULES, ...rules }, parts)
  const deliver = async (events: Event[]) => {
    for (const one of events) load.admit(one)
    await load.drain()
    return outcomes(rows)
  }
  return { load, simulator, journal, folder, rows, deliver }
}

const RULES: LoadRules = {
  runId: 'run',
  requestsPerSecond: 100_000,
  concurrency: 32,
  maxAttempts: 5,
  windowEvents: 1_000,
  deviceNotFoundRetryDays: 7,
  inDoubt: { revenue: 'hold', other: 'hold' },
  unauthenticated: 'stop',
}

const outcomes = (rows: AuditRow[]) =>
  rows
    .filter(({ status }) => status !== 'retried')
    .map(({ transactionId, status, reason }) => `${transactionId} ${status} ${reason}`)
    .sort()

const DEVICE = 'AAAAAAAA-0000-4000-8000-00000000000A'

/** An event of a device as it goes over the wire; events are a second apart, an hour ago. */
function wireEvent(number: number, changes: Partial<Event> & { idfa?: string } = {}): Event {
  const { idfa = DEVICE, ...rest } = changes
  const one = event(number, { deviceNames: [`idfa:${idfa}`], ...rest })
  const createdAtMs = Math.floor(systemClock.now() / 1000) * 1000 - 3_600_000 + number * 1_000
  const parameters = new URLSearchParams({
    s2s: '1',
    app_token: one.appToken,
    event_token: one.eventToken!,
    idfa,
    environment: 'sandbox',
    created_at: new Date(createdAtMs).toISOString().replace('Z', '+0000'),
    ...(one.revenue === null ? {} : { revenue: one.revenue, currency: 'EUR' }),
    callback_params: JSON.stringify({ transaction_id: one.transactionId }),
  })
  return { ...one, query: parameters.toString() }
}

const idfa = (device: number) => `AAAAAAAA-0000-4000-8000-${String(device).padStart(12, '0')}`
const arrivals = (simulator: Simulator) => simulator.truth().map(({ transactionId }) => transactionId)
const counted = (simulator: Simulator) =>
  simulator.truth().flatMap((entry) => (entry.counted ? [entry.transactionId!] : []))
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const id = (number: number) => event(number).transactionId

/** Many devices with two tokens and revenue here and there. */
const mixed = (count: number) =>
  numbers(count).map((number) =>
    wireEvent(number, {
      idfa: idfa(number % 23),
      eventToken: number % 3 === 0 ? 'tok002' : 'tok001',
      revenue: number % 2 === 0 ? '9.99' : null,
    }),
  )

describe('delivery', () => {
  it('delivers every event once and in order', async () => {
    const { deliver, simulator, load } = await rig()
    const results = await deliver(mixed(400))
    expect(results).toEqual(numbers(400).map((number) => `${id(number)} delivered ok`))
    expect(counted(simulator).sort()).toEqual(numbers(400).map(id))
    expect(simulator.truth().flatMap(({ violations }) => violations)).toEqual([])
    expect(load.progress).toEqual({ open: 0, inFlight: 0, requests: 400, retries: 0, pauseMs: 0 })
  })

  it('keeps the order of each device, without loss or repetition, while Adjust answers 429 and 500', async () => {
    const faults = {
      latency_ms: { min: 0, max: 3 },
      too_many_requests: { probability: 0.04, retry_after_seconds: 0 },
      internal_error: 0.04,
      slow_answer: { probability: 0.04, delay_ms: 20 },
    }
    const { deliver, simulator, rows, load } = await rig({ faults })
    const results = await deliver(mixed(400))
    expect(results).toEqual(numbers(400).map((number) => `${id(number)} delivered ok`))
    expect(counted(simulator).sort()).toEqual(numbers(400).map(id))
    // The simulator answers "Bad event state" to whatever comes out of order.
    expect(simulator.truth().filter(({ answer }) => answer?.message === 'Bad event state')).toEqual([])
    const retried = rows.filter(({ status }) => status === 'retried')
    expect(retried.length).toBe(load.progress.retries)
    expect(retried.length).toBeGreaterThan(0)
  })

  it('counts nothing twice with resets, silence and gateway pages, and exactly those events are in doubt', async () => {
    const faults = {
      reset_before_reading: 0.02,
      reset_after_accepting: 0.02,
      no_answer: 0.01,
      gateway_error: 0.02,
      garbage_body: 0.02,
    }
    const { deliver, simulator, rows } = await rig({ faults, timeoutMs: 200 })
    await deliver(mixed(400))
    expect(outcomes(rows)).toHaveLength(400)
    const arrived = arrivals(simulator)
    expect(new Set(arrived).size).toBe(arrived.length)
    const struck = simulator.truth().filter(({ fault }) => fault !== null)
    const inDoubt = rows.filter(({ status }) => status === 'in_doubt')
    expect(inDoubt.map(({ transactionId }) => transactionId).sort()).toEqual(
      struck.map(({ transactionId }) => transactionId).sort(),
    )
    expect(simulator.truth().filter(({ answer }) => answer?.message === 'Bad event state')).toEqual([])
  })

  it('makes the followers of an event wait while it is retried', async () => {
    const { deliver, simulator } = await rig({ faults: { internal_error: { requests: [1, 2, 3] } } })
    await deliver(numbers(3).map((number) => wireEvent(number)))
    expect(arrivals(simulator)).toEqual([1, 1, 1, 1, 2, 3].map(id))
  })

  it('defers an event after its last attempt, and what follows it', async () => {
    const faults = { internal_error: { requests: [1, 2, 3] } }
    const { deliver, rows } = await rig({ faults, rules: { maxAttempts: 3 } })
    expect(await deliver([wireEvent(1), wireEvent(2)])).toEqual([
      `${id(1)} deferred retries_exhausted`,
      `${id(2)} deferred waits_for_earlier`,
    ])
    expect(rows.filter(({ transactionId }) => transactionId === id(1)).map(({ attempt }) => attempt)).toEqual(
      [1, 2, 3],
    )
    expect(rows.find(({ transactionId }) => transactionId === id(2))).toMatchObject({
      attempt: 0,
      message: id(1),
      sentAtMs: null,
    })
  })

  it('never sends more at once than is allowed', async () => {
    const { deliver, simulator } = await rig({ rules: { concurrency: 3 }, faults: { latency_ms: 10 } })
    const startedAt = performance.now()
    await deliver(numbers(30).map((number) => wireEvent(number, { idfa: idfa(number) })))
    expect(performance.now() - startedAt).toBeGreaterThan(95)
    expect(simulator.truth()).toHaveLength(30)
  })

  it('keeps the rate in every second of the real clock', async () => {
    const { deliver, simulator } = await rig({ rules: { requestsPerSecond: 40 } })
    await deliver(numbers(100).map((number) => wireEvent(number, { idfa: idfa(number) })))
    const times = simulator.truth().map(({ arrivedAtMs }) => arrivedAtMs)
    const tooClose = times.filter((at, index) => index >= 40 && at - times[index - 40]! < 1_000)
    expect(tooClose).toEqual([])
  })
})

describe('a device that Adjust does not know', () => {
  const world = { devices: { [DEVICE]: { known: false } } }

  it('is held with all that follows, for the next run', async () => {
    const { deliver, simulator } = await rig({ world })
    expect(await deliver([wireEvent(1), wireEvent(2), wireEvent(3, { idfa: idfa(1) })])).toEqual([
      `${id(1)} deferred device_not_found`,
      `${id(2)} deferred waits_for_earlier`,
      `${id(3)} delivered ok`,
    ])
    expect(arrivals(simulator)).not.toContain(id(2))
  })

  it('is given up when it has been unknown for too many days, and what follows is tried', async () => {
    const { deliver } = await rig({ world })
    const firstSentAtMs = systemClock.now() - 7 * 86_400_000
    const earlier = {
      runId: 'run-0',
      status: 'deferred',
      reason: 'device_not_found',
      message: null,
      attempts: 4,
      firstSentAtMs,
      settledAtMs: 0,
    }
    expect(await deliver([wireEvent(1, { earlier }), wireEvent(2)])).toEqual([
      `${id(1)} rejected device_not_found_too_long`,
      `${id(2)} deferred device_not_found`,
    ])
  })
})

describe('what Adjust refuses', () => {
  it('as a wrong event token burns one event and stops that token, while others go on', async () => {
    const world = {
      apps: { [APP]: { any_event_token: false, event_tokens: { tok001: {}, tok002: {} } } },
    }
    const { deliver, load, simulator } = await rig({ world })
    const events = numbers(60).map((number) =>
      wireEvent(number, { idfa: idfa(number), eventToken: number % 2 === 0 ? 'tok001' : 'wrong1' }),
    )
    const results = await deliver(events)
    expect(results.filter((result) => result.endsWith('delivered ok'))).toHaveLength(30)
    expect(results.filter((result) => result.endsWith('rejected invalid_event_token'))).toHaveLength(1)
    expect(results.filter((result) => result.endsWith('deferred token_stopped'))).toHaveLength(29)
    expect(simulator.truth().filter(({ eventToken }) => eventToken === 'wrong1')).toHaveLength(1)
    expect(load.refused).toEqual([{ name: `${APP}/wrong1`, reason: 'token_stopped' }])
    expect(load.stopped).toBeNull()
  })

  it('as an inactive app stops that app, while others go on', async () => {
    const { deliver, load } = await rig({ world: { apps: { [APP]: { status: 'inactive' } } } })
    const other = wireEvent(9, { appToken: 'zyxwvutsrqpo' })
    const results = await deliver([
      ...numbers(5).map((number) => wireEvent(number, { idfa: idfa(number) })),
      other,
    ])
    expect(results).toEqual([
      ...numbers(5).map((number) => `${id(number)} deferred app_stopped`),
      `${id(9)} delivered ok`,
    ])
    expect(load.refused).toEqual([{ name: APP, reason: 'app_stopped' }])
  })

  it('as a missing token before security is on is delivered with a warning, and stops the run', async () => {
    const { deliver, load, rows } = await rig({ world: { apps: { [APP]: { secret: 's3cret' } } } })
    const results = await deliver(numbers(20).map((number) => wireEvent(number, { idfa: idfa(number) })))
    expect(results[0]).toBe(`${id(1)} delivered ok_unauthenticated`)
    expect(results.slice(1)).toEqual(
      numbers(20)
        .slice(1)
        .map((number) => `${id(number)} deferred credentials_refused`),
    )
    expect(load.stopped).toBe('credentials_refused')
    expect(rows.find(({ transactionId }) => transactionId === id(1))?.warnings).toEqual(['unauthenticated'])
  })

  it('as a missing token goes on at full speed when the user allows it', async () => {
    const world = { apps: { [APP]: { secret: 's3cret' } } }
    const { deliver, load } = await rig({
      world,
      rules: { unauthenticated: 'allow' },
      faults: { latency_ms: 20 },
    })
    const startedAt = performance.now()
    const results = await deliver(numbers(64).map((number) => wireEvent(number, { idfa: idfa(number) })))
    expect(results).toEqual(numbers(64).map((number) => `${id(number)} delivered ok_unauthenticated`))
    expect(load.stopped).toBeNull()
    // One after the other they would take 1280 ms.
    expect(performance.now() - startedAt).toBeLessThan(700)
  })

  it('as a wrong token with security on stops the run and leaves the event unsent', async () => {
    const world = { apps: { [APP]: { secret: 's3cret', security: 'active' as const } } }
    const { deliver, load, simulator } = await rig({ world, token: 'wrong' })
    const results = await deliver(numbers(20).map((number) => wireEvent(number, { idfa: idfa(number) })))
    expect(results).toEqual(numbers(20).map((number) => `${id(number)} deferred credentials_refused`))
    expect(load.stopped).toBe('credentials_refused')
    expect(simulator.truth()).toHaveLength(1)
    expect(await rig({ world, token: 's3cret' }).then(({ deliver: again }) => again([wireEvent(1)]))).toEqual(
      [`${id(1)} delivered ok`],
    )
  })
})

describe('an event in doubt', () => {
  const faults = { reset_after_accepting: { requests: [1] } }

  it('keeps what follows behind it, and other devices and tokens go on', async () => {
    const { deliver, simulator } = await rig({ faults })
    const events = [
      wireEvent(1),
      wireEvent(2),
      wireEvent(3, { eventToken: 'tok002' }),
      wireEvent(4, { idfa: idfa(1) }),
    ]
    expect(await deliver(events)).toEqual([
      `${id(1)} in_doubt connection_lost`,
      `${id(2)} deferred waits_for_earlier`,
      `${id(3)} delivered ok`,
      `${id(4)} delivered ok`,
    ])
    expect(arrivals(simulator).filter((one) => one === id(1))).toHaveLength(1)
  })

  it('keeps nothing behind it with the policy to skip, which may differ with and without revenue', async () => {
    const inDoubt = { revenue: 'hold', other: 'skip' } as const
    const skip = await rig({ faults, rules: { inDoubt } })
    expect(await skip.deliver([wireEvent(1), wireEvent(2)])).toEqual([
      `${id(1)} in_doubt connection_lost`,
      `${id(2)} delivered ok`,
    ])
    const hold = await rig({ faults, rules: { inDoubt } })
    expect(await hold.deliver([wireEvent(1, { revenue: '1' }), wireEvent(2)])).toEqual([
      `${id(1)} in_doubt connection_lost`,
      `${id(2)} deferred waits_for_earlier`,
    ])
  })

  it('from an earlier run is held, and so is what shares a key with it', async () => {
    const { load, rows, simulator } = await rig()
    load.hold(wireEvent(1), 'in_doubt', 'timed_out', 'still unknown')
    load.admit(wireEvent(2))
    load.admit(wireEvent(3, { eventToken: 'tok002' }))
    await load.drain()
    expect(outcomes(rows)).toEqual([
      `${id(1)} in_doubt timed_out`,
      `${id(2)} deferred waits_for_earlier`,
      `${id(3)} delivered ok`,
    ])
    expect(arrivals(simulator)).toEqual([id(3)])
  })
})

describe('the age limit', () => {
  it('is looked at again at the moment of sending', async () => {
    const { deliver, simulator } = await rig({ faults: { latency_ms: 120 } })
    const soon = systemClock.now() + 60
    const results = await deliver([wireEvent(1), wireEvent(2, { expiresAtMs: soon }), wireEvent(3)])
    expect(results).toEqual([`${id(1)} delivered ok`, `${id(2)} expired too_old`, `${id(3)} delivered ok`])
    expect(arrivals(simulator)).toEqual([id(1), id(3)])
  })

  it('costs an event that is too old neither a request nor its turn', async () => {
    const { deliver, load } = await rig({ rules: { requestsPerSecond: 1 } })
    const startedAt = performance.now()
    const results = await deliver(numbers(50).map((number) => wireEvent(number, { expiresAtMs: 1 })))
    expect(results).toEqual(numbers(50).map((number) => `${id(number)} expired too_old`))
    expect(load.progress.requests).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})

describe('more waiting devices than memory should hold', () => {
  it('stop the run, also when they were waiting before it began', async () => {
    const { load } = await rig()
    for (let device = 0; device <= 250_000; device++) {
      const one = event(1, { transactionId: `t${device}`, deviceNames: [`adid:${device}`] })
      load.hold(one, 'deferred', 'device_not_found', null)
    }
    expect(load.stopped).toBe('too_many_waiting')
  })
})

describe('a stop', () => {
  it('awaits what is under way, sends nothing more, and settles everything exactly once', async () => {
    const { load, rows, simulator } = await rig({ faults: { latency_ms: 30 }, rules: { concurrency: 8 } })
    const events = mixed(200)
    for (const one of events) load.admit(one)
    await new Promise<void>((resolve) => {
      const poll = () => (simulator.truth().length >= 5 ? resolve() : setImmediate(poll))
      poll()
    })
    load.stop('run_stopped')
    await load.drain()
    expect(outcomes(rows)).toHaveLength(200)
    expect(new Set(rows.map(({ transactionId }) => transactionId)).size).toBe(200)
    const delivered = rows
      .filter(({ status }) => status === 'delivered')
      .map(({ transactionId }) => transactionId)
    expect(delivered.sort()).toEqual(counted(simulator).sort())
    expect(rows.filter(({ reason }) => reason === 'run_stopped')).toHaveLength(200 - delivered.length)
  })

  it('does not wait for retries', async () => {
    const faults = { too_many_requests: { probability: 1, retry_after_seconds: 600 } }
    const { load, rows, simulator } = await rig({ faults })
    load.admit(wireEvent(1))
    await new Promise<void>((resolve) => {
      const poll = () => (load.progress.retries > 0 ? resolve() : setImmediate(poll))
      poll()
    })
    load.stop('run_stopped')
    await load.drain()
    expect(outcomes(rows)).toEqual([`${id(1)} deferred run_stopped`])
    expect(simulator.truth()).toHaveLength(1)
  })

  it('defers at once what is admitted afterwards', async () => {
    const { load, deliver, simulator } = await rig()
    load.stop('run_stopped')
    expect(await deliver([wireEvent(1), wireEvent(2)])).toEqual([
      `${id(1)} deferred run_stopped`,
      `${id(2)} deferred run_stopped`,
    ])
    expect(simulator.truth()).toEqual([])
  })
})

describe('when Adjust is down', () => {
  it('sends hardly anything into the outage and goes on when it is back', async () => {
    const { load, rows, simulator } = await rig({ faults: { gateway_error: { first: 10 } } })
    for (const number of numbers(100)) load.admit(wireEvent(number, { idfa: idfa(number) }))
    await load.drain()
    expect(rows.filter(({ status }) => status === 'in_doubt')).toHaveLength(10)
    expect(rows.filter(({ status }) => status === 'delivered')).toHaveLength(90)
    expect(simulator.truth()).toHaveLength(100)
  })
})

describe('the journal of a run', () => {
  it('tells of every request, so that a next process knows what became of each', async () => {
    const { deliver, journal, folder, rows } = await rig({ faults: { internal_error: { requests: [2] } } })
    await deliver([wireEvent(1), wireEvent(2)])
    await journal.close()
    const { left } = await Journal.open(new FolderDisk(folder), 'owner', 'run')
    expect(left.map(({ intent, outcome }) => ({ ...intent, ...outcome }))).toEqual(rows)
    expect(await readdir(folder)).toContain('journal-00000001.log')
  })
})
