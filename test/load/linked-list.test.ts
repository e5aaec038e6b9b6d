import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Linked, LinkedList } from '../../src/load/linked-list.ts'

interface Item extends Linked {
  number: number
}

describe('a linked list', () => {
  it('is in the order of its items, wherever they are taken from', () => {
    const steps = fc.array(
      fc.oneof(
        fc.nat(5).map((number) => ({ use: number })),
        fc.nat(5).map((number) => ({ drop: number })),
        fc.constant('shift' as const),
      ),
    )
    fc.assert(
      fc.property(steps, (taken) => {
        const items = Array.from({ length: 6 }, (_, number): Item => ({ number, previous: null, next: null }))
        const list = new LinkedList<Item>()
        let model: number[] = []
        for (const step of taken) {
          if (step === 'shift') {
            expect(list.shift()?.number).toBe(model.shift())
          } else {
            const number = 'use' in step ? step.use : step.drop
            list.delete(items[number]!)
            model = model.filter((other) => other !== number)
            if ('use' in step) {
              list.push(items[number]!)
              model.push(number)
            }
          }
          expect(list.first?.number).toBe(model[0])
          expect(list.size).toBe(model.length)
        }
      }),
    )
  })
})
