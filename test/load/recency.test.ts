import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Recency, type Recent } from '../../src/load/recency.ts'

interface Item extends Recent {
  number: number
}

describe('the order of use', () => {
  it('is that of a list from which items are taken and to whose end they are put', () => {
    const steps = fc.array(
      fc.oneof(
        fc.nat(5).map((number) => ({ use: number })),
        fc.nat(5).map((number) => ({ drop: number })),
        fc.constant('shift' as const),
      ),
    )
    fc.assert(
      fc.property(steps, (taken) => {
        const items = Array.from({ length: 6 }, (_, number): Item => ({ number, older: null, newer: null }))
        const recency = new Recency<Item>()
        let model: number[] = []
        for (const step of taken) {
          if (step === 'shift') {
            expect(recency.shift()?.number).toBe(model.shift())
          } else {
            const number = 'use' in step ? step.use : step.drop
            recency.delete(items[number]!)
            model = model.filter((other) => other !== number)
            if ('use' in step) {
              recency.add(items[number]!)
              model.push(number)
            }
          }
          expect(recency.size).toBe(model.length)
        }
      }),
    )
  })
})
