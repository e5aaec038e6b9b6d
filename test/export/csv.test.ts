import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCsv, readCsvBatches } from '../../src/export/csv.ts'

async function* pieces<Piece>(...parts: Piece[]) {
  yield* parts
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

async function rowsOf(...parts: (string | Uint8Array)[]): Promise<Record<string, string>[]> {
  return all(readCsv(pieces(...parts), 'export.csv'))
}

async function refusal(...parts: (string | Uint8Array)[]) {
  const error = await rowsOf(...parts).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ exitCode: 2, hint: expect.any(String) })
  return (error as Error).message
}

const written = (field: string, quoted: boolean) =>
  quoted || /[",\r\n]/.test(field) || field === '' ? `"${field.replaceAll('"', '""')}"` : field

const field = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', 'é', '😀'), maxLength: 8 }),
)

describe('a CSV', () => {
  it('gives back every field as it was written, whatever the new lines, the quotes and the pieces it comes in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }).chain((width) =>
          fc.record({
            rows: fc.array(fc.array(field, { minLength: width, maxLength: width }), { maxLength: 6 }),
            width: fc.constant(width),
          }),
        ),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 10 }),
        async ({ rows, width }, newLine, quoteAll, bom, endsWithNewLine, cuts) => {
          const header = Array.from({ length: width }, (_, index) => `c${index}`)
          const lines = [header, ...rows].map((fields) =>
            fields.map((text) => written(text, quoteAll)).join(','),
          )
          const text = (bom ? '\uFEFF' : '') + lines.join(newLine) + (endsWithNewLine ? newLine : '')
          const bytes = Buffer.from(text)
          const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
          const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
          const expected = rows.map((fields) =>
            Object.fromEntries(fields.map((text, i) => [`c${i}`, wellFormed(text)])),
          )
          expect(await rowsOf(...parts)).toEqual(expected)
        },
      ),
    )
  })

  it('skips blank lines, and takes a quoted nothing for a row', async () => {
    expect(await rowsOf('id\n\na\r\n\r\n""\n\n')).toEqual([{ id: 'a' }, { id: '' }])
  })

  it('knows the line on which each row begins', async () => {
    const batches = await all(readCsvBatches(pieces('a,b\n1,"x\n\ny"\n', '\n2,z'), 'export.csv'))
    expect(batches.flatMap(({ records }) => records.map(({ line }) => line))).toEqual([2, 6])
  })

  it('names the columns even where there are no rows', async () => {
    const batches = await all(readCsvBatches(pieces('a,', 'b\n'), 'export.csv'))
    expect(batches).toEqual([{ header: ['a', 'b'], records: [] }])
  })
})

describe('what is no CSV', () => {
  it('is refused with the line on which it stops being one', async () => {
    expect(await refusal('a,b\n1,2\n3\n')).toBe('export.csv, line 3: 1 fields, and the header has 2')
    expect(await refusal('a,b\n1,2,3')).toBe('export.csv, line 2: 3 fields, and the header has 2')
    expect(await refusal('a\n\nx"y\n')).toMatch('export.csv, line 3: a quote inside a field')
    expect(await refusal('a\n"x"y\n')).toMatch('export.csv, line 2: text after a closing quote')
    expect(await refusal('a\n"x\n\n')).toMatch('export.csv, line 4: the text ends inside quotes')
    expect(await refusal('a\nx\ry\n')).toMatch('export.csv, line 2: a carriage return without a new line')
    expect(await refusal('a\nx\r')).toMatch('export.csv, line 2: a carriage return without a new line')
    expect(await refusal('a,a\n1,2\n')).toBe('export.csv: the header has column a twice')
    expect(await refusal('')).toMatch('export.csv is empty')
    expect(await refusal('\n\n')).toMatch('export.csv is empty')
    expect(await refusal(Uint8Array.of(0x61, 0x0a, 0xff, 0x0a))).toBe('export.csv is not UTF-8 text')
  })

  it('does not read a quote that is never closed into memory to the end of the file', async () => {
    const megabyte = 'x'.repeat(1 << 20)
    expect(await refusal('a\n1\n"', megabyte, megabyte)).toMatch(/line 3: a field of more than a million/)
  })
})

/** What UTF-8 can carry: a half of a surrogate pair becomes U+FFFD. */
function wellFormed(text: string): string {
  return text.toWellFormed()
}
