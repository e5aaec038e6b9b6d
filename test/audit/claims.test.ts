import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Claims, claimAhead } from '../../src/audit/claims.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const WINDOW_TO = 1_000
type Instant = number | null
const instantsOf = (batch: Instant[]) => batch

async function* deliver(batches: Instant[][]): AsyncIterable<Instant[]> {
  yield* batches
}

/** Claims in a warehouse whose answers take some time, with what it has so far. */
function slowWarehouse(clock: VirtualClock, delaysMs: number[]) {
  const marks: number[] = []
  let [writes, atOnce, mostAtOnce] = [0, 0, 0]
  const write = async (toMicros: number) => {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce)
    await new Promise<void>((resolve) => clock.after(delaysMs[writes++ % delaysMs.length]!, resolve))
    atOnce--
    marks.push(toMicros)
  }
  return { claims: new Claims({ windowToMicros: WINDOW_TO, write }), marks, mostAtOnce: () => mostAtOnce }
}

/** Lets virtual time pass until the work is done. */
async function whileTimePasses(clock: VirtualClock, work: Promise<unknown>): Promise<void> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  done.catch(() => {})
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advanceToNext()
  }
  await done
}

/** Batches as the extraction gives them: without a time first, then in order, the future last. */
const batchesInOrder = fc
  .tuple(
    fc.array(fc.constantFrom(null, ...Array.from({ length: 1_200 }, (_, micros) => micros)), {
      maxLength: 40,
    }),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 40 }),
  )
  .map(([instants, sizes]) => {
    const rows = instants.toSorted((a, b) => (a ?? -1) - (b ?? -1))
    const batches: Instant[][] = []
    for (let i = 0; rows.length > 0; i++) batches.push(rows.splice(0, sizes[i % sizes.length]))
    return batches
  })

describe('claims', () => {
  it('are durable before a row is handed out, one at a time, and never go back or beyond the window', async () => {
    await fc.assert(
      fc.asyncProperty(
        batchesInOrder,
        fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 0, max: 300 }),
        async (batches, delaysMs, deliveryMs) => {
          const clock = new VirtualClock()
          const { claims, marks, mostAtOnce } = slowWarehouse(clock, delaysMs)
          const handedOut: Instant[][] = []
          const work = async () => {
            for await (const rows of claimAhead(deliver(batches), instantsOf, claims)) {
              for (const micros of rows) {
                const isSendable = micros !== null && micros < WINDOW_TO
                if (isSendable) expect(micros).toBeLessThanOrEqual(marks.at(-1)!)
                if (micros !== null) expect(claims.covers(micros)).toBe(micros <= (marks.at(-1) ?? -1))
              }
              handedOut.push(rows)
              await new Promise<void>((resolve) => clock.after(deliveryMs, resolve))
            }
          }
          await whileTimePasses(clock, work())
          expect(handedOut).toEqual(batches)
          expect(mostAtOnce()).toBeLessThanOrEqual(1)
          expect(marks).toEqual([...new Set(marks)].toSorted((a, b) => a - b))
          expect(marks.length).toBeLessThanOrEqual(batches.length)
          expect(marks.every((mark) => mark < WINDOW_TO)).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('of the next batch are written while the one before is delivered', async () => {
    const clock = new VirtualClock()
    const { claims } = slowWarehouse(clock, [500])
    const handedOutAt: number[] = []
    const work = async () => {
      for await (const _ of claimAhead(deliver([[1], [2], [3]]), instantsOf, claims)) {
        handedOutAt.push(clock.monotonic())
        await new Promise<void>((resolve) => clock.after(600, resolve))
      }
    }
    await whileTimePasses(clock, work())
    expect(handedOutAt).toEqual([500, 1_100, 1_700])
  })

  it('that fail end the run, after what is claimed is handed out, and cover nothing more', async () => {
    const claims = new Claims({
      windowToMicros: WINDOW_TO,
      write: async (toMicros) => {
        if (toMicros === 2) throw new Error('the warehouse is away')
      },
    })
    const handedOut: Instant[][] = []
    const work = async () => {
      for await (const rows of claimAhead(deliver([[1], [2], [3]]), instantsOf, claims)) {
        handedOut.push(rows)
        // A turn in which a failure that nobody awaits would end the process.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await expect(work()).rejects.toThrow('the warehouse is away')
    expect(handedOut).toEqual([[1]])
    expect([claims.covers(1), claims.covers(2)]).toEqual([true, false])
  })

  it('are under way no more when the run stops in the middle, and the query is closed', async () => {
    const clock = new VirtualClock()
    const { claims, marks } = slowWarehouse(clock, [500])
    let isClosed = false
    async function* query() {
      try {
        yield* deliver([[1], [2], [3]])
      } finally {
        isClosed = true
      }
    }
    const work = async () => {
      for await (const _ of claimAhead(query(), instantsOf, claims)) return
    }
    await whileTimePasses(clock, work())
    expect({ marks, isClosed }).toEqual({ marks: [1, 2], isClosed: true })
  })
})
