import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { constantColumns, type Row } from './support/same-rows/compare.ts'
import { Comparison } from './support/same-rows/comparison.ts'
import { CHANGES, QUERIES } from './support/same-rows/parameters.ts'

const SQL = join(import.meta.dirname, '../../sql')

/** `SAME_ROWS_SEEDS=30` tries more of them; `SAME_ROWS_FIRST_SEED=17 SAME_ROWS_SEEDS=1` tries one again. */
const FIRST_SEED = Number(process.env.SAME_ROWS_FIRST_SEED ?? 1)
const SEED_COUNT = Number(process.env.SAME_ROWS_SEEDS ?? 3)
const SEEDS = Array.from({ length: SEED_COUNT }, (_, index) => FIRST_SEED + index)

/** One takes about 18 s, nearly all of it the emulator's translation of the same queries again and again. */
const SEED_TIMEOUT_MS = 120_000

/** One seed's rows may by chance say little of a query; those of so many do not. */
const TELLING_SEEDS = 3

const SHOWN_DIFFERENCES = 10

describe('the queries of sql/ on DuckDB and on BigQuery', () => {
  const compared = new Map<string, Row[]>()

  it('are all compared', () => {
    const files = readdirSync(SQL, { recursive: true, encoding: 'utf8' })
    const queries = files.filter((file) => file.endsWith('.sql')).map((file) => file.replaceAll('\\', '/'))
    const known = [...Object.keys(QUERIES), ...CHANGES]
    const missing = queries.filter((file) => !known.includes(file))
    const gone = known.filter((file) => !queries.includes(file))
    expect({ missing, gone }, 'say in support/same-rows/parameters.ts what each file is run with').toEqual({
      missing: [],
      gone: [],
    })
  })

  it.each(SEEDS)(
    'give the same rows in the same order, from seed %i',
    async (seed) => {
      const comparison = new Comparison(seed)
      await comparison.run()
      for (const [name, rows] of comparison.rows) compared.set(name, [...(compared.get(name) ?? []), ...rows])
      expect(comparison.differences.slice(0, SHOWN_DIFFERENCES)).toEqual([])
    },
    SEED_TIMEOUT_MS,
  )

  it.runIf(SEED_COUNT >= TELLING_SEEDS)('have rows that differ in every column', () => {
    const constant = [...compared].map(([name, rows]) => [name, constantColumns(rows)] as const)
    expect(constant.filter(([, columns]) => columns.length > 0)).toEqual([])
  })
})
