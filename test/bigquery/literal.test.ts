import fc from 'fast-check'
import { describe, expect, inject, it } from 'vitest'
import { bigqueryClient } from './support/google-clients.ts'
import { bigqueryLiteral } from './support/literal.ts'

const client = () => bigqueryClient(inject('bigquery').restUrl)

/** The value of one literal, as the server reads it. */
async function read(sql: string): Promise<unknown> {
  const [rows] = await client().query({ query: `SELECT ${sql} AS value` })
  return rows[0].value
}

describe('literals for the source of a test', () => {
  it.each([
    "it's",
    'a "b" `c`',
    'back\\slash',
    '\\n',
    'two\nlines\r\n',
    '😀 ～',
    '',
    '@a {{b}} $c -- d /* e */',
  ])('carry the text %j', async (text) => {
    expect(await read(bigqueryLiteral(text, 'text'))).toBe(text)
  })

  it('carry any printable text', async () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 50 })
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const selects = values.map((value, index) => `${bigqueryLiteral(value, 'text')} AS c${index}`)
        const [rows] = await client().query({ query: `SELECT ${selects.join(', ')}` })
        expect(Object.values(rows[0])).toEqual(values)
      }),
      { numRuns: 20 },
    )
  })

  it('carry every microsecond', async () => {
    const sql = `UNIX_MICROS(${bigqueryLiteral('2025-05-20T12:00:00.123456Z', 'timestamp')})`
    expect(await read(sql)).toBe(Date.parse('2025-05-20T12:00:00Z') * 1000 + 123_456)
  })

  it('carry every digit', async () => {
    const value = await read(bigqueryLiteral('99999999999.999999999', 'decimal'))
    expect(String(value)).toBe('99999999999.999999999')
  })

  it('carry JSON with escapes of its own', async () => {
    const value = JSON.stringify({ a: 'it\'s "1"\n', b: 'x\\y' })
    expect(JSON.parse((await read(`TO_JSON_STRING(${bigqueryLiteral(value, 'json')})`)) as string)).toEqual(
      JSON.parse(value),
    )
  })

  it.each(['text', 'timestamp', 'decimal', 'json'] as const)('have a NULL of type %s', async (type) => {
    expect(await read(bigqueryLiteral(null, type))).toBeNull()
    expect(await read(`${bigqueryLiteral(null, type)} IS NULL`)).toBe(true)
  })
})
