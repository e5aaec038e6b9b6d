import { describe, expect, it } from 'vitest'
import { duckdbPlan } from '../../src/warehouse/duckdb-plan.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { readQuery } from '../../src/warehouse/queries.ts'

/** Rows with a text each, numbered where they share a key, in order of `n`: the shape of `sql/extract.sql`. */
const QUERY = `
WITH named AS (SELECT n, id, text FROM ({{source}}) AS source),
numbered AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY text DESC) AS place FROM named),
chosen AS (SELECT * FROM numbered WHERE text <> @unwanted),
known AS (SELECT id, MAX(text) AS text FROM chosen WHERE text = 'known' GROUP BY id)
SELECT n, chosen.id, chosen.text, place, known.text AS known
FROM chosen LEFT JOIN known ON known.id = chosen.id
ORDER BY n, place
LIMIT @row_limit`

async function rowsOf(source: string, rowLimit = 1_000_000): Promise<string[]> {
  const warehouse = await openDuckdbWarehouse({ path: ':memory:' })
  const rows: string[] = []
  try {
    const parameters = { unwanted: 'unwanted', row_limit: rowLimit }
    for await (const { rowCount, totalRows, columns } of warehouse.query(QUERY, { source, parameters })) {
      expect(totalRows).toBeLessThanOrEqual(rowLimit)
      for (let row = 0; row < rowCount; row++)
        rows.push(['n', 'id', 'text', 'place', 'known'].map((name) => columns[name]![row]).join(' '))
    }
  } finally {
    await warehouse.close()
  }
  return rows
}

const values = (...rows: string[]) => `SELECT * FROM (VALUES ${rows.join(', ')}) AS t(n, id, text)`

describe('how DuckDB runs a query', () => {
  it('numbers rows that share a key, and calls every other one the first', async () => {
    const rows = await rowsOf(
      values("(1, 'a', 'x')", "(2, 'b', 'x')", "(3, 'a', 'y')", "(4, NULL, 'x')", "(5, NULL, 'y')"),
    )
    expect(rows).toEqual(['1 a x 2 ', '2 b x 1 ', '3 a y 1 ', '4  x 2 ', '5  y 1 '])
  })

  it.each([
    ['that stand in order', 'ORDER BY n'],
    ['that have to be sorted', 'ORDER BY n DESC'],
  ])('gives rows %s in order, without those that are filtered, to the limit', async (_, order) => {
    const source = `SELECT n::INTEGER AS n, n::VARCHAR AS id, CASE WHEN n % 3 = 0 THEN 'unwanted' ELSE 'x' END AS text FROM range(1, 10001) AS t(n) ${order}`
    const rows = await rowsOf(source, 5_000)
    expect(rows).toHaveLength(5_000)
    expect(rows.slice(0, 3)).toEqual(['1 1 x 1 ', '2 2 x 1 ', '4 4 x 1 '])
    expect(rows.at(-1)).toBe('7499 7499 x 1 ')
  })

  it('gives what is known of a row, though the rows are in order', async () => {
    expect(await rowsOf(values("(1, 'a', 'x')", "(2, 'b', 'known')"))).toEqual([
      '1 a x 1 ',
      '2 b known 1 known',
    ])
  })

  it('puts NULL first, as GoogleSQL does', async () => {
    expect(await rowsOf(values("(1, 'a', 'x')", "(NULL, 'b', 'x')"))).toEqual([' b x 1 ', '1 a x 1 '])
  })

  it('spares the extraction the numbering of all rows', () => {
    const { preparations } = duckdbPlan(readQuery('extract.sql'), 'sql/extract.sql')
    expect(preparations[0]).toMatch(/^CREATE TEMP TABLE numbered AS .*\{\{source\}\}/s)
    expect(preparations[1]).toMatch(/^UPDATE numbered SET copy_number = /)
  })
})
