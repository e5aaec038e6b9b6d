import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Queue } from '../../src/load/queue.ts'

describe('the queue', () => {
  it('does what an array does, however long it gets', () => {
    const steps = fc.array(fc.record({ pushes: fc.nat(3_000), shifts: fc.nat(3_000) }), { maxLength: 12 })
    fc.assert(
      fc.property(steps, (script) => {
        const queue = new Queue<number>()
        const model: number[] = []
        let pushed = 0
        for (const { pushes, shifts } of script) {
          const items = Array.from({ length: pushes }, () => ++pushed)
          for (const item of items) queue.push(item)
          model.push(...items)
          expect(queue.peek()).toBe(model[0])
          const taken = Array.from({ length: shifts }, () => queue.shift())
          expect(taken.filter((item) => item !== undefined)).toEqual(model.splice(0, shifts))
          expect(queue.length).toBe(model.length)
        }
      }),
      { numRuns: 50 },
    )
  })
})
