import { describe, expect, it } from 'vitest'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import type { QueryParameters, QueryValue } from '../../src/warehouse/warehouse.ts'

/** Values that an expression has on DuckDB once it is translated, row by row. */
async function valuesOf(query: string, parameters: QueryParameters = {}): Promise<QueryValue[]> {
  const warehouse = await openDuckdbWarehouse({ path: ':memory:' })
  try {
    const values: QueryValue[] = []
    for await (const batch of warehouse.query(query, { parameters })) values.push(...batch.columns.answer!)
    return values
  } finally {
    await warehouse.close()
  }
}

const at = (text: string) => ({ timestampMicros: Date.parse(text) * 1000 })
const rows = (...values: string[]) =>
  `(${values.map((value) => `SELECT ${value} AS x`).join(' UNION ALL ')}) AS t`

/**
 * Expected values are those of the GoogleSQL reference, https://cloud.google.com/bigquery/docs/reference/standard-sql/,
 * page and heading as named: its own examples where it has one, else what its text says.
 */
describe('functions mean what the GoogleSQL reference says', () => {
  it.each([
    // conditional_expressions
    ["COALESCE('A', 'B', 'C')", 'A'],
    ["COALESCE(NULL, 'B', 'C')", 'B'],
    ['NULLIF(0, 0)', null],
    ['NULLIF(10, 0)', 10],
    ["CASE 3 WHEN 3 THEN 'red' ELSE 'blue' END", 'red'],
    ['CASE WHEN FALSE THEN 1 END', null],
    // string_functions
    ["LOWER('APPLE')", 'apple'],
    ["LOWER('ÀÉ')", 'àé'],
    ['CHR(65)', 'A'],
    ['CHR(8364) || CHR(128512)', '€😀'],
    ["LTRIM('***apple***', '*')", 'apple***'],
    ["LTRIM('xxxapplexxx', 'xyz')", 'applexxx'],
    ["LTRIM('  apple', 'x')", '  apple'],
    ["'<' || LTRIM(CHR(65279) || CHR(65279) || 'apple' || CHR(65279), CHR(65279)) || '>'", '<apple\ufeff>'],
    ["LTRIM(CAST(NULL AS STRING), 'x')", null],
    ["REPLACE('apple pie', 'pie', 'cobbler')", 'apple cobbler'],
    ["REPLACE('apple', '', 'x')", 'apple'],
    ["TRIM('   apple   ')", 'apple'],
    ["TRIM('\t\u00a0\u2003apple\u3000')", 'apple'],
    ["REGEXP_CONTAINS('foo@example.com', '@[a-zA-Z0-9-]+[.][a-zA-Z0-9-.]+')", true],
    ["REGEXP_CONTAINS('a@foo.com', '^[a-z]$')", false],
    ["'a' || NULL", null],
    ["'a' || 'b'", 'ab'],
    // hash_functions: SHA-256 of the UTF-8 bytes; TO_HEX in lower case
    ["TO_HEX(SHA256('Hello World'))", 'a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e'],
    // mathematical_functions, DIV
    ['DIV(20, 4)', 5],
    ['DIV(12, 7)', 1],
    ['DIV(-7, 2)', -3],
    ['DIV(20, NULLIF(0, 0))', null],
    ['DIV(20, NULLIF(3, 0))', 6],
    // conversion_functions
    ['CAST(TRUE AS INT64)', 1],
    ["CAST('12' AS INT64)", 12],
    ["CAST('12.5' AS NUMERIC)", '12.5'],
    ['CAST(NULL AS STRING)', null],
    ["CAST('true' AS BOOL)", true],
    ["CAST(CAST('2.5' AS NUMERIC) AS INT64)", 3],
    ["CAST(CAST('-2.5' AS NUMERIC) AS INT64)", -3],
    ["UNIX_MICROS(CAST('2020-06-02 17:00:53.110+00' AS TIMESTAMP))", 1591117253110000],
    // mathematical operators: INT64 * NUMERIC is NUMERIC
    ["59 * CAST('0.001' AS NUMERIC) * CAST('0.001' AS NUMERIC)", '0.000059'],
    // operators: three-valued logic, comparison by code point
    ['NULL IN (1, 2)', null],
    ["'a' < 'B'", false],
    ["'～' < '😀'", true],
  ])('%s', async (expression, expected) => {
    expect(await valuesOf(`SELECT ${expression} AS answer`)).toEqual([expected])
  })
})

describe('TRIM of a column', () => {
  it.each([
    ['apple', 'apple'],
    ['an apple', 'an apple'],
    [' apple', 'apple'],
    ['apple\t', 'apple'],
    ['apple\u2028', 'apple'],
    ['\u00a0', ''],
    ['', ''],
    ['é', 'é'],
    ['é\u0301 ', 'é\u0301'],
    ['\ufeffapple', '\ufeffapple'],
  ])('of %j is %j', async (text, expected) => {
    expect(await valuesOf('SELECT TRIM(x) AS answer FROM (SELECT @text AS x) AS t', { text })).toEqual([
      expected,
    ])
  })

  it('of NULL is NULL', async () => {
    const query = 'SELECT TRIM(x) AS answer FROM (SELECT CAST(NULL AS STRING) AS x) AS t'
    expect(await valuesOf(query)).toEqual([null])
  })
})

describe('functions of instants mean what the GoogleSQL reference says', () => {
  it('UNIX_MICROS counts microseconds since 1970 (timestamp_functions)', async () => {
    const parameters = { t: at('2008-12-25T15:30:00Z') }
    expect(await valuesOf('SELECT UNIX_MICROS(@t) AS answer', parameters)).toEqual([1230219000000000])
  })

  it('DATE is the UTC day, and prints as one (date_functions)', async () => {
    const parameters = { t: at('2016-12-25T05:30:00+07:00') }
    expect(await valuesOf('SELECT CAST(DATE(@t) AS STRING) AS answer', parameters)).toEqual(['2016-12-24'])
  })

  it('FORMAT_TIMESTAMP prints UTC, to the whole second that has begun (format-elements)', async () => {
    const query = "SELECT FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', @t) AS answer"
    expect(await valuesOf(query, { t: at('2008-12-25T15:30:09.999+07:00') })).toEqual(['2008-12-25 08:30:09'])
    expect(await valuesOf(query.replace('@t', 'CAST(NULL AS TIMESTAMP)'))).toEqual([null])
  })

  it('a number prints without a point', async () => {
    const parameters = { t: at('1970-01-01T00:00:01Z') }
    expect(await valuesOf('SELECT CAST(UNIX_MICROS(@t) AS STRING) AS answer', parameters)).toEqual([
      '1000000',
    ])
  })
})

describe('aggregates mean what the GoogleSQL reference says', () => {
  it.each([
    ['COUNT(x)', 2],
    ['COUNT(*)', 3],
    ['COUNT(DISTINCT x)', 2],
    ['SUM(x)', 6],
    ['MAX(x)', 4],
    ['MIN(x)', 2],
  ])('%s passes over NULL (aggregate_functions)', async (aggregate, expected) => {
    expect(await valuesOf(`SELECT ${aggregate} AS answer FROM ${rows('4', 'NULL', '2')}`)).toEqual([expected])
  })

  it.each([
    ['SUM(x)', null],
    ['MAX(x)', null],
    ['COUNT(x)', 0],
    ["STRING_AGG(CAST(NULL AS STRING), ' ')", null],
  ])('%s of nothing', async (aggregate, expected) => {
    expect(await valuesOf(`SELECT ${aggregate} AS answer FROM ${rows('NULLIF(1, 1)')}`)).toEqual([expected])
  })

  it('STRING_AGG joins in the given order and passes over NULL', async () => {
    const query = `SELECT STRING_AGG(x, ' & ' ORDER BY x) AS answer FROM ${rows("'pear'", "'apple'", 'NULL')}`
    expect(await valuesOf(query)).toEqual(['apple & pear'])
  })
})

describe('NULLs stand where GoogleSQL puts them (query-syntax, ORDER BY)', () => {
  it.each([
    ['ORDER BY x', [null, 1, 2]],
    ['ORDER BY x ASC', [null, 1, 2]],
    ['ORDER BY x DESC', [2, 1, null]],
    ['ORDER BY x NULLS LAST', [1, 2, null]],
    ['ORDER BY x DESC, x LIMIT 2', [2, 1]],
  ])('%s', async (order, expected) => {
    expect(await valuesOf(`SELECT x AS answer FROM ${rows('2', 'NULL', '1')} ${order}`)).toEqual(expected)
  })

  it('in a window too', async () => {
    const query = `SELECT answer FROM (
      SELECT x AS answer, ROW_NUMBER() OVER (ORDER BY x DESC) AS place FROM ${rows('2', 'NULL', '1')}
    ) AS placed WHERE place = 3`
    expect(await valuesOf(query)).toEqual([null])
  })
})

describe('UNNEST (arrays)', () => {
  it('gives one row an element under the name of the alias', async () => {
    const query =
      "WITH t AS (SELECT 1 AS x) SELECT name AS answer FROM t CROSS JOIN UNNEST(['a', 'b']) AS name ORDER BY name"
    expect(await valuesOf(query)).toEqual(['a', 'b'])
  })
})

describe('exactness', () => {
  it('a whole number beyond 2^53 comes as text', async () => {
    expect(await valuesOf('SELECT 9007199254740993 AS answer')).toEqual(['9007199254740993'])
  })

  it('a sum of NUMERIC keeps every digit', async () => {
    const query = `SELECT SUM(CAST(x AS NUMERIC)) AS answer FROM ${rows("'100000000000.01'", "'0.000000001'")}`
    expect(await valuesOf(query)).toEqual(['100000000000.010000001'])
  })
})
