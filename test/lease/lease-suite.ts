import { describe, expect, it, vi } from 'vitest'
import { TransientError } from '../../src/domain/errors.ts'
import { Lease, type LeaseParts } from '../../src/lease/lease.ts'
import { type LeaseRow, readLeases } from '../../src/lease/lease-row.ts'
import { HANDOVER_MS } from '../../src/lease/lease-time.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import type { Engine } from '../warehouse/engine.ts'
import { Machine, START_MS } from './machine.ts'

const REQUEST_TIMEOUT_MS = 10_000
/** Five minutes of lease, ten seconds for a last request, one minute between the clocks of two machines. */
const FREE_AFTER_MS = 370_000
const MINUTE_MS = 60_000

function take(warehouse: LeaseParts['warehouse'], clock: Machine, runId: string, changes = {}) {
  const holder = { runId, host: `host-of-${runId}`, pid: 4711 }
  const requestTimeoutMs = REQUEST_TIMEOUT_MS
  return Lease.take({ warehouse, clock, shard: '0/1', holder, requestTimeoutMs, isAlone: false, ...changes })
}

async function rowOf(warehouse: Warehouse, shard = '0/1'): Promise<LeaseRow> {
  const row = (await readLeases(warehouse)).find((one) => one.shard === shard)
  return row!
}

/** Ends as `run-a epoch` or as the error of the one that did not get it. */
const outcome = (taking: Promise<Lease>) =>
  taking.then(
    (lease) => `taken with epoch ${lease.epoch}`,
    (error: unknown) => error,
  )

/** What a second first run leaves whose INSERT was under way at the same time. */
async function makeSecondRow(warehouse: Warehouse): Promise<void> {
  const statement = "INSERT INTO `s2s_lease` (shard, epoch, expires_at) SELECT '0/1', 0, @now"
  await warehouse.update(statement, { parameters: { now: { timestampMicros: START_MS * 1000 } } })
}

/** What the lease promises, in whatever warehouse its row stands. */
export function describeLease(engine: Engine): void {
  describe(`the lease in ${engine.name}`, () => {
    it('is taken by the first that asks, and its row says by whom, since when and until when', async () => {
      const warehouse = await engine.open()
      const lease = await take(warehouse, new Machine(), 'a')
      expect(lease).toMatchObject({ epoch: 1, isHeld: true })
      expect(await readLeases(warehouse)).toEqual([
        {
          shard: '0/1',
          holder: 'a',
          host: 'host-of-a',
          pid: 4711,
          epoch: 1,
          acquiredAtMs: START_MS,
          expiresAtMs: START_MS + FREE_AFTER_MS,
        },
      ])
    })

    it('is refused to a second run, which says who has it, and changes nothing', async () => {
      const warehouse = await engine.open()
      await take(warehouse, new Machine(), 'a')
      const before = await rowOf(warehouse)
      const refusal = await take(warehouse, new Machine(START_MS + 1_000), 'b').catch((error) => error)
      expect(refusal).toBeInstanceOf(TransientError)
      expect(refusal).toMatchObject({
        exitCode: 75,
        message:
          'the lease of shard 0/1 is taken: run a on host-of-a (process 4711) since 2026-01-31T10:00:00.000Z until 2026-01-31T10:06:10.000Z',
        hint: expect.stringContaining('2026-01-31T10:06:10.000Z takes over'),
      })
      expect(await rowOf(warehouse)).toEqual(before)
    })

    it('is one a shard: another shard of the same number has its own', async () => {
      const warehouse = await engine.open()
      await take(warehouse, new Machine(), 'a', { shard: '0/2' })
      const other = await take(warehouse, new Machine(), 'b', { shard: '1/2' })
      expect(other).toMatchObject({ epoch: 1, isHeld: true })
    })

    it('is refused while a shard of another number is held, for they have devices in common', async () => {
      const warehouse = await engine.open()
      const whole = await take(warehouse, new Machine(), 'a')
      const refusal = await outcome(take(warehouse, new Machine(), 'b', { shard: '1/2' }))
      expect(refusal).toMatchObject({ message: expect.stringContaining('shard 0/1 is taken: run a') })
      await whole.release()
      const half = await take(warehouse, new Machine(), 'b', { shard: '1/2' })
      expect(half.isHeld).toBe(true)
      expect(await outcome(take(warehouse, new Machine(), 'c'))).toMatchObject({
        message: expect.stringContaining('shard 1/2 is taken: run b'),
      })
    })

    it('goes to shards of one number alone when those of several begin at the same moment', async () => {
      const warehouse = await engine.open()
      const shards = ['0/1', '0/2', '1/2', '0/3', '1/3', '2/3']
      const outcomes = await Promise.all(
        shards.map((shard) => outcome(take(warehouse, new Machine(), shard, { shard }))),
      )
      const holders = shards.filter((_, index) => !(outcomes[index] instanceof Error))
      expect(new Set(holders.map((shard) => shard.slice(2))).size).toBeLessThanOrEqual(1)
      const held = (await readLeases(warehouse)).filter(({ holder }) => holder !== null)
      expect(held.map(({ shard }) => shard)).toEqual(holders)
    })

    it('is given back when a shard of another number took its own meanwhile', async () => {
      const warehouse = await engine.open()
      const takenMeanwhile: LeaseParts['warehouse'] = {
        query: (...query) => warehouse.query(...query),
        update: async (...update) => {
          if (update[1]?.name === 'sql/lease-take.sql')
            await take(warehouse, new Machine(), 'a', { shard: '0/2' })
          return warehouse.update(...update)
        },
      }
      const refusal = await outcome(take(takenMeanwhile, new Machine(), 'b'))
      expect(refusal).toMatchObject({ message: expect.stringContaining('shard 0/2 is taken: run a') })
      expect(await rowOf(warehouse)).toMatchObject({ holder: null })
    })

    it('is given back by a run that has no answer to its claim, which may have been made', async () => {
      const warehouse = await engine.open()
      const answerLost: LeaseParts['warehouse'] = {
        query: (...query) => warehouse.query(...query),
        update: async (...update) => {
          const rows = await warehouse.update(...update)
          if (update[1]?.name === 'sql/lease-take.sql') throw new TransientError('no answer')
          return rows
        },
      }
      expect(await outcome(take(answerLost, new Machine(), 'a'))).toMatchObject({ message: 'no answer' })
      expect(await rowOf(warehouse)).toMatchObject({ holder: null, epoch: 1 })
    })

    it('lets a second pass after a shard of another number, as after its own', async () => {
      const warehouse = await engine.open()
      const machine = new Machine()
      const half = await take(warehouse, machine, 'a', { shard: '0/2' })
      await half.release()
      const whole = await take(warehouse, machine, 'b')
      expect(whole.sendsFrom - machine.monotonic()).toBe(HANDOVER_MS)
    })

    it('goes to exactly one of several runs that begin at the same moment, also when there was no row', async () => {
      const warehouse = await engine.open()
      const runs = ['a', 'b', 'c', 'd'].map((run) => outcome(take(warehouse, new Machine(), run)))
      const outcomes = await Promise.all(runs)
      expect(outcomes.filter((one) => one === 'taken with epoch 1')).toHaveLength(1)
      expect(outcomes.filter((one) => one instanceof TransientError)).toHaveLength(3)
    })

    it('goes to exactly one of several runs that find it expired at the same moment', async () => {
      const warehouse = await engine.open()
      await take(warehouse, new Machine(), 'dead')
      const later = START_MS + FREE_AFTER_MS
      const outcomes = await Promise.all(
        ['a', 'b', 'c', 'd'].map((run) => outcome(take(warehouse, new Machine(later), run))),
      )
      expect(outcomes.filter((one) => one === 'taken with epoch 2')).toHaveLength(1)
      expect(outcomes.filter((one) => one instanceof TransientError)).toHaveLength(3)
    })

    it('goes to exactly one also after a holder whose clock was far ahead', async () => {
      const warehouse = await engine.open()
      const ahead = await take(warehouse, new Machine(START_MS + 60 * MINUTE_MS), 'ahead')
      await ahead.release()
      const outcomes = await Promise.all(
        ['a', 'b', 'c', 'd'].map((run) => outcome(take(warehouse, new Machine(), run))),
      )
      expect(outcomes.filter((one) => one === 'taken with epoch 2')).toHaveLength(1)
      expect(outcomes.filter((one) => one instanceof TransientError)).toHaveLength(3)
    })

    it('is free at once when it was given back, even for a clock that is behind', async () => {
      const warehouse = await engine.open()
      const first = await take(warehouse, new Machine(), 'a')
      await first.release()
      expect(first.isHeld).toBe(false)
      expect(await rowOf(warehouse)).toMatchObject({ holder: null, host: null, pid: null, epoch: 1 })
      const next = await take(warehouse, new Machine(START_MS - 30_000), 'b')
      expect(next).toMatchObject({ epoch: 2, isHeld: true })
    })

    it('is taken over from a dead run after lease, request time-out and clock skew, and not a millisecond before', async () => {
      const warehouse = await engine.open()
      await take(warehouse, new Machine(), 'dead')
      const tooEarly = new Machine(START_MS + FREE_AFTER_MS - 1)
      expect(await outcome(take(warehouse, tooEarly, 'b'))).toBeInstanceOf(TransientError)
      const inTime = new Machine(START_MS + FREE_AFTER_MS)
      expect(await outcome(take(warehouse, inTime, 'b'))).toBe('taken with epoch 2')
    })

    it('lets the second pass in which the last holder may have sent', async () => {
      const warehouse = await engine.open()
      const waitMs = async (atMs: number, changes = {}) => {
        const lease = await take(warehouse, new Machine(START_MS + atMs), `at-${atMs}`, changes)
        return { waitMs: lease.sendsFrom, lease }
      }
      const first = await waitMs(0)
      expect(first.waitMs).toBe(0)
      await first.lease.release()
      const onOtherMachine = await waitMs(5_000)
      expect(onOtherMachine.waitMs).toBe(1_020)
      await onOtherMachine.lease.release()
      const alone = await waitMs(5_400, { isAlone: true })
      expect(alone.waitMs).toBe(620)
      const afterKill = await waitMs(90_000, { isAlone: true })
      expect(afterKill.waitMs).toBe(1_020)
      const takenOver = await waitMs(90_000 + FREE_AFTER_MS)
      expect(takenOver.waitMs).toBe(0)
    })

    it('waits for nobody where no other process can be running', async () => {
      const warehouse = await engine.open()
      await take(warehouse, new Machine(), 'killed')
      const next = await take(warehouse, new Machine(START_MS + 1), 'b', { isAlone: true })
      expect(next).toMatchObject({ epoch: 2, isHeld: true })
    })

    it('numbers its holders upwards, whatever ended them', async () => {
      const warehouse = await engine.open()
      const epochs: number[] = []
      for (let run = 0; run < 3; run++) {
        const lease = await take(warehouse, new Machine(START_MS + run * FREE_AFTER_MS), `run-${run}`)
        epochs.push(lease.epoch)
        if (run === 1) await lease.release()
      }
      expect(epochs).toEqual([1, 2, 3])
    })

    it('of a successor can be neither renewed nor given back by the one that it was taken from', async () => {
      const warehouse = await engine.open()
      const machine = new Machine()
      const stale = await take(warehouse, machine, 'stale')
      const lost: string[] = []
      stale.onLost = (why) => lost.push(why)
      const next = await take(warehouse, new Machine(START_MS + FREE_AFTER_MS), 'next')
      const before = await rowOf(warehouse)
      machine.pause(2 * FREE_AFTER_MS)
      await stale.renew()
      expect(stale.isHeld).toBe(false)
      expect(lost).toEqual(['another run has taken it'])
      await stale.release()
      expect(await rowOf(warehouse)).toEqual(before)
      await next.renew()
      expect(next.isHeld).toBe(true)
    })

    it('is not taken over when it was renewed between the look and the update', async () => {
      const warehouse = await engine.open()
      const machine = new Machine()
      const holder = await take(warehouse, machine, 'a')
      machine.pause(MINUTE_MS)
      const renewingFirst: LeaseParts['warehouse'] = {
        query: (...query) => warehouse.query(...query),
        update: async (...update) => {
          await holder.renew()
          return warehouse.update(...update)
        },
      }
      const other = new Machine(START_MS + FREE_AFTER_MS)
      expect(await outcome(take(renewingFirst, other, 'b'))).toBeInstanceOf(TransientError)
      expect(holder.isHeld).toBe(true)
    })

    it('is not shortened by a renewal that reaches the warehouse after a later one', async () => {
      const warehouse = await engine.open()
      const machine = new Machine()
      const late: (() => Promise<number>)[] = []
      const slow: LeaseParts['warehouse'] = {
        query: (...query) => warehouse.query(...query),
        update: async (...update) => {
          if (update[1]?.name !== 'sql/lease-renew.sql' || late.length > 0) return warehouse.update(...update)
          late.push(() => warehouse.update(...update))
          throw new TransientError('its answer was lost')
        },
      }
      const lease = await take(slow, machine, 'a')
      await expect(lease.renew()).rejects.toThrow('its answer was lost')
      machine.pause(MINUTE_MS)
      await lease.renew()
      await late[0]!()
      expect(await rowOf(warehouse)).toMatchObject({ expiresAtMs: START_MS + MINUTE_MS + FREE_AFTER_MS })
    })

    it('is kept by its heartbeat for as long as the run lives', async () => {
      const warehouse = await engine.open()
      const machine = new Machine()
      const lease = await take(warehouse, machine, 'a')
      for (let minute = 1; minute <= 8; minute++) {
        machine.timers.advance(MINUTE_MS)
        const expiresAtMs = START_MS + minute * MINUTE_MS + FREE_AFTER_MS
        // The next heartbeat is set when the answer of this one has come; the other timer watches the deadline.
        await vi.waitFor(() => expect(machine.timers.pendingTimers).toBe(2), { timeout: 10_000 })
        expect(await rowOf(warehouse)).toMatchObject({ expiresAtMs })
      }
      expect(lease.isHeld).toBe(true)
      const other = new Machine(START_MS + 8 * MINUTE_MS)
      expect(await outcome(take(warehouse, other, 'b'))).toBeInstanceOf(TransientError)
    })

    it('is not shortened for others by a wall clock that is set back', async () => {
      const warehouse = await engine.open()
      const machine = new Machine()
      const lease = await take(warehouse, machine, 'a')
      machine.pause(MINUTE_MS)
      machine.setWallClock(-60 * MINUTE_MS)
      await lease.renew()
      expect(await rowOf(warehouse)).toMatchObject({ expiresAtMs: START_MS + MINUTE_MS + FREE_AFTER_MS })
    })

    describe('with two rows for the shard, as two first runs at the same instant may leave', () => {
      it('goes to exactly one of them', async () => {
        const warehouse = await engine.open()
        await makeSecondRow(warehouse)
        await makeSecondRow(warehouse)
        const outcomes = await Promise.all(
          ['a', 'b', 'c'].map((run) => outcome(take(warehouse, new Machine(), run))),
        )
        expect(outcomes.filter((one) => one === 'taken with epoch 1')).toHaveLength(1)
      })

      it('stays with its holder when the second row comes later', async () => {
        const warehouse = await engine.open()
        const lease = await take(warehouse, new Machine(), 'a')
        await makeSecondRow(warehouse)
        expect(await outcome(take(warehouse, new Machine(START_MS + 1), 'b'))).toBeInstanceOf(TransientError)
        await lease.renew()
        expect(lease.isHeld).toBe(true)
      })

      it('stays with its holder when another run has seen the second row alone', async () => {
        const warehouse = await engine.open()
        await makeSecondRow(warehouse)
        const takenMeanwhile: LeaseParts['warehouse'] = {
          query: (...query) => warehouse.query(...query),
          update: async (...update) => {
            await warehouse.update("UPDATE `s2s_lease` SET shard = 'hidden' WHERE epoch = 0")
            await take(warehouse, new Machine(), 'a')
            await warehouse.update("UPDATE `s2s_lease` SET shard = '0/1' WHERE shard = 'hidden'")
            return warehouse.update(...update)
          },
        }
        expect(await outcome(take(takenMeanwhile, new Machine(), 'b'))).toBeInstanceOf(TransientError)
        expect(await rowOf(warehouse)).toMatchObject({ holder: 'a', epoch: 1 })
      })

      it('is given back and taken again as if there were one', async () => {
        const warehouse = await engine.open()
        await makeSecondRow(warehouse)
        await makeSecondRow(warehouse)
        const first = await take(warehouse, new Machine(), 'a')
        await first.release()
        expect(await outcome(take(warehouse, new Machine(), 'b'))).toBe('taken with epoch 2')
        expect(await outcome(take(warehouse, new Machine(), 'c'))).toBeInstanceOf(TransientError)
      })
    })
  })
}
