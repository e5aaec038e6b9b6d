import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { convertBigqueryColumn, sqlType } from '../../src/warehouse/bigquery/columns.ts'
import { cellReader, queryParameters, wholeNumber } from '../../src/warehouse/bigquery/values.ts'
import type { ContractType } from '../../src/warehouse/warehouse.ts'

const textOf = (timestampMicros: number) =>
  queryParameters({ t: { timestampMicros } }, new Set(['t']))[0]!.parameterValue!.value!

describe('a parameter for BigQuery', () => {
  it('is named only where the query names it', () => {
    expect(queryParameters({ a: 'x', b: 1 }, new Set(['b']))).toEqual([
      { name: 'b', parameterType: { type: 'INT64' }, parameterValue: { value: '1' } },
    ])
  })

  it('that nobody gives is a bug', () => {
    expect(() => queryParameters({}, new Set(['a']))).toThrow('@a')
  })

  it('keeps every microsecond of an instant', () => {
    // Dates of JavaScript end at milliseconds, so the last three digits are compared as text.
    const micros = fc.integer({ min: Date.parse('1970-01-01') * 1000, max: Date.parse('2200-01-01') * 1000 })
    fc.assert(
      fc.property(micros, (instant) => {
        const text = textOf(instant)
        expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/)
        const milliseconds = Date.parse(`${text.slice(0, 10)}T${text.slice(11, 23)}Z`)
        expect(milliseconds * 1000 + Number(text.slice(23, 26))).toBe(instant)
      }),
    )
  })

  it('keeps an instant before 1970', () => {
    expect(textOf(-1)).toBe('1969-12-31 23:59:59.999999+00:00')
  })

  it('beyond the years that BigQuery has means all of them', () => {
    expect(textOf(Number.MIN_SAFE_INTEGER * 100)).toBe('0001-01-01 00:00:00.000000+00:00')
    expect(textOf(Number.MAX_SAFE_INTEGER * 100)).toMatch(/^9999-12-31 23:59:59/)
  })
})

describe('a cell of BigQuery', () => {
  it.each([
    ['INTEGER', '42', 42],
    ['INTEGER', '9223372036854775807', '9223372036854775807'],
    ['BOOLEAN', 'true', true],
    ['BOOLEAN', 'false', false],
    ['NUMERIC', '12.500000000', '12.5'],
    ['NUMERIC', '-3', '-3'],
    ['STRING', '1.50', '1.50'],
  ])('of type %s: %s', (type, cell, value) => {
    expect(cellReader({ name: 'a', type })(cell)).toBe(value)
  })

  it.each(['TIMESTAMP', 'FLOAT', 'RECORD'])('of type %s is a bug: no query returns one', (type) => {
    expect(() => cellReader({ name: 'a', type })).toThrow(`column a has type ${type}`)
  })

  it('of whole numbers never loses a digit', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(BigInt(wholeNumber(value))).toBe(value)
      }),
    )
  })
})

describe('a column of a source in BigQuery', () => {
  it.each([
    [{ type: 'INTEGER' }, 'INT64'],
    [{ type: 'RECORD', mode: 'REPEATED' }, 'ARRAY<STRUCT>'],
    [{ type: 'TIMESTAMP', mode: 'NULLABLE' }, 'TIMESTAMP'],
  ])('has the type that GoogleSQL names: %o', (field, type) => {
    expect(sqlType(field)).toBe(type)
  })

  const convert = (type: string, to: ContractType) => convertBigqueryColumn({ name: 'c', type }, to)

  it.each([
    ['STRING', 'text', '`c`'],
    ['INT64', 'text', 'CAST(`c` AS STRING)'],
    ['TIMESTAMP', 'timestamp', '`c`'],
    ['NUMERIC', 'decimal_text', 'CAST(`c` AS STRING)'],
    ['JSON', 'text_json', 'IF(`c` IS NULL, NULL, TO_JSON_STRING(`c`))'],
    ['STRUCT', 'text_json', 'IF(`c` IS NULL, NULL, TO_JSON_STRING(`c`))'],
  ] as [string, ContractType, string][])('%s becomes %s exactly', (type, to, sql) => {
    expect(convert(type, to)).toEqual({ sql })
  })

  it.each([
    ['FLOAT64', 'text', 'CAST(c AS STRING) AS c'],
    ['DATETIME', 'timestamp', "TIMESTAMP(c, 'UTC') AS c"],
    ['DATE', 'timestamp', "TIMESTAMP(c, 'UTC') AS c"],
    ['STRING', 'timestamp', 'TIMESTAMP(c) AS c'],
    ['FLOAT64', 'decimal_text', 'CAST(c AS NUMERIC) AS c'],
    ['ARRAY<STRUCT>', 'text_json', 'TO_JSON_STRING(c) AS c'],
  ] as [string, ContractType, string][])(
    '%s is no %s, and the cast that mends it is named',
    (type, to, castHint) => {
      expect(convert(type, to)).toMatchObject({ castHint: expect.stringContaining(castHint) })
    },
  )
})
