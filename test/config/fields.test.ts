import { describe, expect, it } from 'vitest'
import { fields } from '../../src/config/fields.ts'

/** `1 to 58` and `above 0, at most 500`, as `init --example` prints them. */
const ranges = fields.flatMap(({ path, range, accepts, isNumber }) => {
  const bounds = /^(above )?([\d,.]+)(?: to|, at most) ([\d,.]+)$/.exec(range ?? '')
  if (!isNumber || bounds === null) return []
  const [least, most] = bounds.slice(2).map((text) => Number(text.replaceAll(',', '')))
  return [{ path, isAbove: bounds[1] !== undefined, least: least!, most: most!, accepts }]
})

describe('the range of a number that is printed', () => {
  it('is there for every setting that is a number', () => {
    expect(ranges.map(({ path }) => path)).toEqual(
      fields.flatMap(({ path, isNumber }) => (isNumber ? [path] : [])),
    )
  })

  it.each(ranges)('is what is accepted: $path', ({ isAbove, least, most, accepts }) => {
    expect(accepts(least)).toBe(!isAbove)
    expect(accepts(most)).toBe(true)
    expect(accepts(least - 1)).toBe(false)
    expect(accepts(most + 1)).toBe(false)
  })
})
