import { describe, expect, it, vi } from 'vitest'
import { TransientError } from '../../src/domain/errors.ts'
import { Lease, type LeaseParts } from '../../src/lease/lease.ts'
import { readLeases } from '../../src/lease/lease-row.ts'
import { HEARTBEAT_MS, HEARTBEAT_RETRY_MS, LEASE_MS, RELEASE_TIMEOUT_MS } from '../../src/lease/lease-time.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { describeLease } from './lease-suite.ts'
import { Machine } from './machine.ts'

describeLease(duckdb)

/** A lease in a warehouse whose next updates may be made to fail, or to take their time. */
async function rig({ takingMs = 0 } = {}) {
  const warehouse = await duckdb.open()
  const machine = new Machine()
  const state = {
    failure: null as Error | null,
    updates: 0,
    lost: [] as string[],
    updateMs: takingMs,
    answer: null as PromiseWithResolvers<void> | null,
  }
  const faulty: LeaseParts['warehouse'] = {
    query: (...query) => warehouse.query(...query),
    update: async (...update) => {
      state.updates++
      machine.pause(state.updateMs)
      await state.answer?.promise
      if (state.failure !== null) throw state.failure
      return warehouse.update(...update)
    },
  }
  const holder = { runId: 'a', host: 'host', pid: 1 }
  const parts = { warehouse: faulty, clock: machine, shard: '0/1', holder, requestTimeoutMs: 10_000 }
  const lease = await Lease.take({ ...parts, isAlone: false })
  lease.onLost = (why) => state.lost.push(why)
  /** Fires the timers of so many milliseconds and waits until the heartbeat among them has had its answer. */
  const beat = async (ms: number) => {
    const before = state.updates
    machine.timers.advance(ms)
    await vi.waitFor(() => expect(state.updates).toBe(before + 1))
    await vi.waitFor(() => expect(machine.timers.pendingTimers).not.toBe(1))
  }
  return { warehouse, machine, lease, state, beat }
}

const down = new TransientError('the warehouse cannot be reached')

describe('the deadline of a lease', () => {
  it('ends a process that was paused, before any timer has fired', async () => {
    const { lease, machine } = await rig()
    machine.pause(LEASE_MS - 1)
    expect(lease.isHeld).toBe(true)
    machine.pause(1)
    expect(lease.isHeld).toBe(false)
  })

  it('ends a process whose machine slept, though its monotonic clock stood still', async () => {
    const { lease, machine } = await rig()
    machine.sleep(LEASE_MS - 1)
    expect(lease.isHeld).toBe(true)
    machine.sleep(1)
    expect(lease.isHeld).toBe(false)
  })

  it('is no later for a wall clock that is set back', async () => {
    const { lease, machine } = await rig()
    machine.setWallClock(-10 * LEASE_MS)
    machine.pause(LEASE_MS)
    expect(lease.isHeld).toBe(false)
  })

  it('counts from before the warehouse was asked, however long it took', async () => {
    const { lease, machine } = await rig({ takingMs: 40_000 })
    // The row was made and then taken: only the second of the two counts.
    machine.pause(LEASE_MS - 40_001)
    expect(lease.isHeld).toBe(true)
    machine.pause(1)
    expect(lease.isHeld).toBe(false)
  })

  it('is not moved by a renewal whose answer comes after it', async () => {
    const { lease, state } = await rig()
    state.updateMs = LEASE_MS
    await lease.renew()
    expect(lease.isHeld).toBe(false)
    expect(state.lost).toEqual([expect.stringContaining('not renewed in time')])
  })
})

describe('the heartbeat of a lease', () => {
  it('is tried again soon while the warehouse is away, and the lease is kept', async () => {
    const { lease, state, beat, warehouse } = await rig()
    const [before] = await readLeases(warehouse)
    state.failure = down
    await beat(HEARTBEAT_MS)
    await beat(HEARTBEAT_RETRY_MS)
    expect(await readLeases(warehouse)).toEqual([before])
    expect(lease.isHeld).toBe(true)
    state.failure = null
    await beat(HEARTBEAT_RETRY_MS)
    const expiresAtMs = before!.expiresAtMs + HEARTBEAT_MS + 2 * HEARTBEAT_RETRY_MS
    expect(await readLeases(warehouse)).toMatchObject([{ expiresAtMs }])
    expect(state.lost).toEqual([])
  })

  it('ends with the lease when the warehouse stays away, and says so once', async () => {
    const { lease, state, beat, machine } = await rig()
    state.failure = down
    await beat(HEARTBEAT_MS)
    machine.timers.advance(LEASE_MS)
    await vi.waitFor(() => expect(state.lost).toEqual([expect.stringContaining('could not be reached')]))
    expect(lease.isHeld).toBe(false)
    expect(lease.failure).toBeNull()
    expect(machine.timers.pendingTimers).toBe(0)
  })

  it('that has no answer does not keep the deadline from being noticed', async () => {
    const { machine, state, warehouse } = await rig()
    vi.spyOn(warehouse, 'update').mockReturnValue(new Promise(() => {}))
    machine.timers.advance(LEASE_MS)
    expect(state.lost).toEqual([expect.stringContaining('not renewed in time')])
  })

  it('that meets a bug loses the lease and hands the bug on', async () => {
    const { lease, state, beat, machine } = await rig()
    const bug = new TypeError('x is not a function')
    state.failure = bug
    await beat(HEARTBEAT_MS)
    expect(lease.failure).toBe(bug)
    expect(lease.isHeld).toBe(false)
    expect(state.lost).toHaveLength(1)
    expect(machine.timers.pendingTimers).toBe(0)
  })

  it('tells also whoever asks only after the lease was lost', async () => {
    const { lease, machine } = await rig()
    machine.pause(LEASE_MS)
    machine.timers.advance(LEASE_MS)
    const late: string[] = []
    lease.onLost = (why) => late.push(why)
    expect(late).toHaveLength(1)
  })
})

describe('a lease that is given back', () => {
  it('leaves no timer behind', async () => {
    const { lease, machine } = await rig()
    await lease.release()
    expect(machine.timers.pendingTimers).toBe(0)
  })

  it('runs out by itself when the warehouse cannot be reached: that is no failure of the run', async () => {
    const { lease, state } = await rig()
    state.failure = down
    await lease.release()
    expect(lease.isHeld).toBe(false)
  })

  it('does not keep the process waiting for a warehouse that does not answer', async () => {
    const { lease, machine, state } = await rig()
    state.answer = Promise.withResolvers<void>()
    const released = lease.release()
    await vi.waitFor(() => expect(state.updates).toBe(2))
    machine.timers.advance(RELEASE_TIMEOUT_MS)
    await released
    state.answer.resolve()
  })

  it('passes a bug on', async () => {
    const { lease, state } = await rig()
    state.failure = new TypeError('x is not a function')
    await expect(lease.release()).rejects.toThrow('x is not a function')
  })
})
