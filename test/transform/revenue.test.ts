import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/transform/fault.ts'
import { type Revenue, readRevenue } from '../../src/transform/revenue.ts'
import { eventOf, parametersOf, verdict } from './source-row.ts'

const priced = (revenue: string) => ({ revenue, currency: 'EUR' })

describe('Revenue', () => {
  const canonical: [string, string][] = [
    ['11.770', '11.77'],
    ['5', '5'],
    ['5.000', '5'],
    ['500', '500'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['+5', '5'],
    ['007.10', '7.1'],
    [' 5 ', '5'],
    ['1e3', '1000'],
    ['1.5E-2', '0.015'],
    ['123456e-3', '123.456'],
    ['0.001', '0.001'],
    ['1e-3', '0.001'],
    ['0.00100000000000000000000001', '0.00100000000000000000000001'],
    ['100000000000', '100000000000'],
    ['1e11', '100000000000'],
    ['99999999999.999999999999999999', '99999999999.999999999999999999'],
    ['0.1000000000000000055511151231257827', '0.1000000000000000055511151231257827'],
    [`${'0'.repeat(400)}1.0`, '1'],
    [`0.${'0'.repeat(399)}1e400`, '1'],
  ]
  it.each(canonical)('%s is sent as %s', (given, sent) => {
    expect(parametersOf(priced(given))).toMatchObject({ revenue: sent, currency: 'EUR' })
    expect(eventOf(priced(given)).revenue).toBe(sent)
  })

  const refused: [string, string][] = [
    ['', 'malformed'],
    [' ', 'malformed'],
    ['.', 'malformed'],
    ['-', 'malformed'],
    ['e3', 'malformed'],
    ['1e', 'malformed'],
    ['abc', 'malformed'],
    ['NaN', 'malformed'],
    ['Infinity', 'malformed'],
    ['-Infinity', 'malformed'],
    ['1,5', 'malformed'],
    ['1.2.3', 'malformed'],
    ['0x10', 'malformed'],
    ['1 000', 'malformed'],
    ['5€', 'malformed'],
    ['٥', 'malformed'],
    ['-5', 'negative'],
    ['-0.0001', 'negative'],
    ['-1e400', 'negative'],
    ['0.0005', 'out_of_range'],
    ['0.00099999999999999999999999', 'out_of_range'],
    ['100000000000.000000000000001', 'out_of_range'],
    ['1e400', 'out_of_range'],
    ['1e-400', 'out_of_range'],
    ['1e99999999999999999999', 'out_of_range'],
    ['1e-99999999999999999999', 'out_of_range'],
  ]
  it.each(refused)('%j is refused', (given, why) => {
    expect(verdict(priced(given))).toBe(`settled invalid/revenue_${why}: revenue is "${given}"`)
  })

  it.each(['0', '0.000', '-0', '+.0', '0e5', '0e99999999999999999999'])(
    'of zero (%s) is left out with its currency and a warning',
    (revenue) => {
      const event = eventOf(priced(revenue))
      expect(event).toMatchObject({ revenue: null, currency: null, warnings: ['revenue_zero'] })
      expect(event.query).not.toMatch(/revenue|currency/)
    },
  )

  it('of zero needs no currency', () => {
    expect(verdict({ revenue: '0', currency: null })).toBe('event')
  })

  it('is cut in messages', () => {
    expect(verdict(priced(`x${'1'.repeat(100)}`))).toContain(`revenue is "x${'1'.repeat(39)}…"`)
  })
})

/** The value in units of 10^-40, by another route than the program's. */
function scaled(whole: string, decimals: string, exponent: number): bigint {
  return BigInt(`0${whole}${decimals}`) * 10n ** BigInt(40 - decimals.length + exponent)
}

function expectExactly(value: bigint, result: Revenue | Fault): void {
  const { amount } = result as { amount: string }
  const [whole = '', decimals = ''] = amount.split('.')
  expect(scaled(whole, decimals, 0)).toBe(value)
  expect(amount).toMatch(/^(0|[1-9]\d*)(\.\d*[1-9])?$/)
}

describe('Any decimal as revenue', () => {
  const digits = (maxLength: number) =>
    fc.array(fc.constantFrom(...'0123456789'), { maxLength }).map((all) => all.join(''))

  it('keeps its exact value, and is refused exactly outside the range', () => {
    const decimal = fc.tuple(digits(13), digits(12), fc.integer({ min: -14, max: 6 }))
    fc.assert(
      fc.property(decimal, ([whole, decimals, exponent]) => {
        fc.pre(whole + decimals !== '')
        const value = scaled(whole, decimals, exponent)
        const result = readRevenue(`${whole}.${decimals}e${exponent}`)
        if (value === 0n) expect(result).toEqual({ amount: null })
        else if (value < scaled('', '001', 0) || value > scaled('1', '', 11)) {
          expect(result).toMatchObject({ reason: 'revenue_out_of_range' })
        } else expectExactly(value, result)
      }),
      { numRuns: 3000 },
    )
  })

  it('is never more than a verdict for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(() => readRevenue(text)).not.toThrow()
      }),
    )
  })
})

describe('Currency', () => {
  it('is sent in upper case', () => {
    expect(parametersOf({ revenue: '1', currency: ' usd ' }).currency).toBe('USD')
  })

  it.each(['JPY', 'KWD', 'XCG'])('%s is known', (currency) => {
    expect(parametersOf({ revenue: '1', currency }).currency).toBe(currency)
  })

  it.each([null, '', '  '])('%j with revenue is missing', (currency) => {
    expect(verdict({ revenue: '1', currency })).toBe(
      'settled invalid/currency_missing: revenue without currency',
    )
  })

  it.each(['EURO', '€', 'ABC', 'DEM', '978'])('%s is unknown', (currency) => {
    expect(verdict({ revenue: '1', currency })).toBe(
      `settled invalid/currency_unknown: currency is "${currency}"`,
    )
  })

  it('without revenue is left out, whatever it says, with a warning: the amount may have been lost in the SELECT', () => {
    expect(eventOf({ revenue: null, currency: 'whatever' })).toMatchObject({
      currency: null,
      warnings: ['revenue_missing'],
    })
    expect(eventOf({ revenue: null, currency: null }).warnings).toEqual([])
    expect(eventOf({ revenue: null, currency: 'EUR' }).query).not.toContain('currency')
  })
})
