import { describe, expect, it } from 'vitest'
import type { Event } from '../../src/domain/event.ts'
import type { AuditRow } from '../../src/domain/settlement.ts'
import type { Answer } from '../../src/load/answer.ts'
import { Journal } from '../../src/load/journal.ts'
import { leftBehind } from '../../src/load/left-behind.ts'
import { Load } from '../../src/load/load.ts'
import type { RequestCallbacks, Transport } from '../../src/load/transport.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { event } from './event.ts'
import { intentRow } from './journal-rows.ts'
import { MemoryDisk } from './memory-disk.ts'

const OK: Answer = { kind: 'answered', status: 200, retryAfterMs: null, body: 'OK' }

/** Connections that stay closed until a test opens them: a request that is handed over starts only then. */
class SlowConnections implements Transport {
  readonly handedOver: RequestCallbacks[] = []
  started = 0

  send(_: unknown, callbacks: RequestCallbacks): void {
    this.handedOver.push(callbacks)
  }

  connect({ mayStart, onStart, onAnswer }: RequestCallbacks): void {
    if (!mayStart()) return onAnswer({ kind: 'not_sent', message: 'taken back' })
    this.started++
    onStart()
    onAnswer(OK)
  }

  async close(): Promise<void> {}
}

/** The load stage with a journal on a disk whose syncs take ten milliseconds, and a lease that a test takes away. */
async function rig() {
  const clock = new VirtualClock()
  const disk = new MemoryDisk()
  const { journal } = await Journal.open(disk, 'owner', 'run')
  disk.schedule = (done) => void clock.after(10, done)
  const transport = new SlowConnections()
  const rows: AuditRow[] = []
  const lease = { isHeld: true }
  let auditIds = 0
  const rules = {
    runId: 'run',
    requestsPerSecond: 1_000,
    concurrency: 32,
    maxAttempts: 5,
    windowEvents: 1_000,
    deviceNotFoundRetryDays: 7,
    inDoubt: { revenue: 'hold', other: 'hold' } as const,
    unauthenticated: 'stop' as const,
  }
  const load = new Load(rules, {
    clock,
    random: () => 0.5,
    journal,
    isLeaseHeld: () => lease.isHeld,
    transport,
    tokenFor: () => null,
    nextAuditId: () => `run/${++auditIds}`,
    onSettled: ({ row }) => void rows.push(row),
  })
  /** Lets time pass until a condition holds; promises have their turn in between. */
  const until = async (condition: () => boolean) => {
    for (let turn = 0; turn < 1_000 && !condition(); turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(1)
    }
    expect(condition()).toBe(true)
  }
  /** What the next process would find in the journal. */
  const inTheJournal = async () => {
    const closed = journal.close({ tidy: false })
    let isClosed = false
    void closed.then(() => (isClosed = true))
    await until(() => isClosed)
    disk.schedule = (done) => done()
    const { left } = await Journal.open(disk, 'owner', 'run')
    return leftBehind(left, clock.now())
  }
  return { clock, disk, transport, rows, lease, load, until, inTheJournal }
}

const outcomes = (rows: AuditRow[]) =>
  rows.map(({ transactionId, status, reason }) => `${transactionId} ${status} ${reason}`).sort()
const ofDevice = (number: number): Event => event(number, { deviceNames: [`idfa:${number}`] })
const lost = (number: number) => `t0000${number} deferred lease_lost`

describe('a run whose lease is gone', () => {
  it('writes no intent', async () => {
    const { load, lease, rows, transport, inTheJournal } = await rig()
    lease.isHeld = false
    load.admit(ofDevice(1))
    await load.drain()
    expect(load.stopped).toBe('lease_lost')
    expect(outcomes(rows)).toEqual([lost(1)])
    expect(transport.handedOver).toHaveLength(0)
    expect(await inTheJournal()).toEqual([])
  })

  it('does not send what it has an intent for; that is not in doubt', async () => {
    const { load, lease, rows, transport, inTheJournal, until } = await rig()
    load.admit(ofDevice(1))
    lease.isHeld = false
    await until(() => rows.length === 1)
    expect(load.stopped).toBe('lease_lost')
    expect(transport.handedOver).toHaveLength(0)
    expect(outcomes(rows)).toEqual([lost(1)])
    expect(rows[0]).toMatchObject({ attempt: 0, sentAtMs: null })
    expect(outcomes(await inTheJournal())).toEqual([lost(1)])
  })

  it('does not send what waits for a connection; that is not in doubt', async () => {
    const { load, lease, rows, transport, inTheJournal, until } = await rig()
    load.admit(ofDevice(1))
    await until(() => transport.handedOver.length === 1)
    lease.isHeld = false
    transport.connect(transport.handedOver[0]!)
    await until(() => rows.length === 1)
    expect(transport.started).toBe(0)
    expect(outcomes(rows)).toEqual([lost(1)])
    expect(rows[0]).toMatchObject({ attempt: 0, sentAtMs: null })
    expect(load.progress).toMatchObject({ open: 0, inFlight: 0, requests: 0, retries: 0 })
    expect(outcomes(await inTheJournal())).toEqual([lost(1)])
  })

  it('settles what is under way, and everything that waits exactly once', async () => {
    const { load, lease, rows, transport, until } = await rig()
    // The first scouts for the token; the others wait for it, and one of them for its device.
    for (const one of [ofDevice(1), ofDevice(2), event(3, { deviceNames: ['idfa:1'] })]) load.admit(one)
    await until(() => transport.handedOver.length === 1)
    const [scout] = transport.handedOver
    scout!.onStart()
    lease.isHeld = false
    scout!.onAnswer(OK)
    await load.drain()
    expect(outcomes(rows)).toEqual(['t00001 delivered ok', lost(2), lost(3)])
    expect(transport.handedOver).toHaveLength(1)
  })

  it('takes back every request that waits, one after the other', async () => {
    const { load, lease, rows, transport, until } = await rig()
    load.admit(ofDevice(1))
    await until(() => transport.handedOver.length === 1)
    transport.connect(transport.handedOver[0]!)
    for (const number of [2, 3, 4, 5]) load.admit(ofDevice(number))
    await until(() => transport.handedOver.length > 2)
    lease.isHeld = false
    for (const waiting of transport.handedOver.slice(1)) transport.connect(waiting)
    await until(() => rows.length === 5)
    expect(outcomes(rows)).toEqual(['t00001 delivered ok', ...[2, 3, 4, 5].map(lost)])
    expect(transport.started).toBe(1)
  })
})

describe('an event that grows too old while its connection is made', () => {
  it('is not sent', async () => {
    const { load, rows, transport, clock, until } = await rig()
    load.admit({ ...ofDevice(1), expiresAtMs: clock.now() + 60 })
    await until(() => transport.handedOver.length === 1)
    clock.advance(60)
    transport.connect(transport.handedOver[0]!)
    await until(() => rows.length === 1)
    expect(outcomes(rows)).toEqual(['t00001 expired too_old'])
    expect(transport.started).toBe(0)
  })
})

describe('a journal of a process that has lost its lease', () => {
  it('is closed without a new segment, for the next number may be the successor’s', async () => {
    const disk = new MemoryDisk()
    const { journal: stale } = await Journal.open(disk, 'owner', 'run')
    let segment = 0
    await new Promise<void>((resolve) => {
      segment = stale.intent(intentRow(1), resolve)
    })
    await stale.acknowledge(segment, 1)
    await Journal.open(disk, 'owner', 'run')
    const before = await disk.list()
    await stale.close({ tidy: false })
    expect(await disk.list()).toEqual(before)
  })
})
