import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { suggest } from '../../src/config/suggest.ts'

const CANDIDATES = ['delivery.requests_per_second', 'delivery.concurrency', 'adjust.url', 'source']

describe('a suggestion', () => {
  it('finds every name in spite of one missing letter', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CANDIDATES), fc.nat(), (name, position) => {
        const at = position % name.length
        expect(suggest(name.slice(0, at) + name.slice(at + 1), CANDIDATES)).toBe(name)
      }),
    )
  })

  it('finds a name whose section was forgotten', () => {
    expect(suggest('concurrency', CANDIDATES)).toBe('delivery.concurrency')
  })

  it('takes hyphens for underscores', () => {
    expect(suggest('delivery.requests-per-second', CANDIDATES)).toBe('delivery.requests_per_second')
  })

  it('stays silent when nothing is near', () => {
    expect(suggest('warehouse', CANDIDATES)).toBeNull()
    expect(suggest('', CANDIDATES)).toBeNull()
  })
})
