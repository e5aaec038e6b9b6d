import { describe, expect, it } from 'vitest'
import { groupedDigits } from '../../src/domain/grouped-digits.ts'

describe('digits in groups', () => {
  it.each([0, 7, 999, 1000, 12_345, 999_999, 1_234_567, 0.25, 1234.5, 4_294_967_295, -1, -1234])(
    'are those of the language of the texts: %d',
    (number) => {
      expect(groupedDigits(number)).toBe(number.toLocaleString('en-US', { maximumFractionDigits: 10 }))
    },
  )
})
