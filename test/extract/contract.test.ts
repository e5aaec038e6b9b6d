import { describe, expect, it, onTestFinished } from 'vitest'
import { TerminalError } from '../../src/domain/errors.ts'
import { checkContract } from '../../src/extract/extract.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { rowsOf } from '../warehouse/warehouse-suite.ts'

const SOUND = {
  transaction_id: "'t1'",
  occurred_at: "TIMESTAMPTZ '2025-05-20 12:00:00+00'",
  app_token: "'app000000001'",
  event_token: "'buy001'",
  adid: "'a1'",
}

async function open() {
  const warehouse = await openDuckdbWarehouse({ path: ':memory:' })
  onTestFinished(() => warehouse.close())
  return warehouse
}

const selectOf = (items: Record<string, string>) =>
  `SELECT ${Object.entries(items)
    .map(([name, expression]) => `${expression} AS "${name}"`)
    .join(', ')}`

async function problems(select: string): Promise<string> {
  const error = await checkContract(await open(), select).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(TerminalError)
  return (error as TerminalError).message
}

/** The value that a column has in the projection. */
async function projected(column: string, expression: string) {
  const warehouse = await open()
  const source = await checkContract(warehouse, selectOf({ ...SOUND, [column]: expression }))
  const rows = await rowsOf(warehouse, `SELECT ${column} FROM ({{source}}) AS source`, { source })
  return rows[0]![column]
}

describe('checkContract', () => {
  it('takes the required columns alone, and gives NULL for the others', async () => {
    const warehouse = await open()
    const source = await checkContract(warehouse, selectOf(SOUND))
    const rows = await rowsOf(
      warehouse,
      'SELECT transaction_id, revenue, parameters FROM ({{source}}) AS source',
      { source },
    )
    expect(rows).toEqual([{ transaction_id: 't1', revenue: null, parameters: null }])
  })

  it('takes column names in capitals', async () => {
    const capitals = Object.fromEntries(
      Object.entries(SOUND).map(([name, value]) => [name.toUpperCase(), value]),
    )
    await expect(checkContract(await open(), selectOf(capitals))).resolves.toContain('transaction_id')
  })

  it('takes a SELECT with WITH, ORDER BY, and a comment at its end', async () => {
    const select = `WITH p AS (${selectOf(SOUND)}) SELECT * FROM p ORDER BY 1 -- the end`
    await expect(checkContract(await open(), select)).resolves.toContain('the end')
  })

  it('does not run the SELECT', async () => {
    const select = selectOf({ ...SOUND, revenue: "CAST(error('it ran') AS DECIMAL(18,3))" })
    await expect(checkContract(await open(), select)).resolves.toContain('it ran')
  })

  it('lists everything that is wrong at once', async () => {
    const message = await problems(
      "SELECT 't1' AS transaction_id, now()::TIMESTAMP AS occurred_at, 'x' AS app_tokn, 1.5::DOUBLE AS revenue",
    )
    expect(message.split('\n')).toEqual([
      'the source SELECT does not fit:',
      '- column app_token is missing',
      '- column event_token is missing',
      expect.stringContaining('- an identifier is missing: at least one column of adid, idfa'),
      expect.stringContaining(
        '- column app_tokn is not part of the source contract. Did you mean app_token?',
      ),
      "- column occurred_at has type TIMESTAMP; write occurred_at AT TIME ZONE 'UTC' AS occurred_at",
      expect.stringContaining(
        '- column revenue has type DOUBLE; write CAST(revenue AS DECIMAL(18,3)) AS revenue',
      ),
    ])
  })

  it('does not count device_id as an identifier, for it is never sent', async () => {
    const { adid: _, ...without } = SOUND
    expect(await problems(selectOf({ ...without, device_id: "'d'" }))).toContain('an identifier is missing')
  })

  it('says where further parameters go', async () => {
    const message = await problems(selectOf({ ...SOUND, att_status: "'3'" }))
    expect(message).toContain('att_status')
    expect(message).toContain('parameters, a JSON object')
    expect(message).not.toContain('Did you mean')
  })

  it('names a column that is given twice', async () => {
    expect(await problems(`${selectOf(SOUND)}, 'b1' AS adid`)).toContain('column adid is given twice')
  })

  it.each([
    ['SELECT * FROM nowhere', 'nowhere'],
    ['SELEC 1', 'syntax error'],
    ['SELECT $1 AS a', 'parameters'],
    ['SELECT 1 AS a; SELECT 2', 'multiple statements'],
  ])('says what the warehouse says of %s', async (select, words) => {
    const message = await problems(select)
    expect(message).toContain('the source SELECT fails')
    expect(message).toContain(words)
  })

  it('refuses what is no SELECT', async () => {
    expect(await problems('DESCRIBE SELECT 1')).toContain('does not fit')
  })
})

describe('columns of DuckDB', () => {
  it.each([
    ['transaction_id', '42', '42'],
    [
      'transaction_id',
      '170141183460469231731687303715884105727::HUGEINT',
      '170141183460469231731687303715884105727',
    ],
    [
      'transaction_id',
      "'6f1c2b34-0000-4000-8000-000000000001'::UUID",
      '6f1c2b34-0000-4000-8000-000000000001',
    ],
    ['currency', "'EUR'::ENUM('EUR', 'USD')", 'EUR'],
    ['currency', 'NULL', null],
    ['revenue', '11.770::DECIMAL(18,3)', '11.770'],
    ['revenue', '99999999999.999999999::DECIMAL(38,9)', '99999999999.999999999'],
    ['revenue', '5', '5'],
    [
      'revenue',
      '170141183460469231731687303715884105727::HUGEINT',
      '170141183460469231731687303715884105727',
    ],
    ['revenue', "'NaN'", 'NaN'],
    ['revenue', 'NULL', null],
    ['callback_params', '\'{"a": 1}\'::JSON', '{"a": 1}'],
    ['callback_params', '\'{"a":"1"}\'', '{"a":"1"}'],
    ['callback_params', "{'a': 'x', 'b': 2}", '{"a":"x","b":2}'],
    ['callback_params', "MAP {'a': 'x'}", '{"a":"x"}'],
    ['callback_params', 'NULL', null],
  ])('%s may be %s', async (column, expression, expected) => {
    expect(await projected(column, expression)).toBe(expected)
  })

  it.each([
    ['occurred_at', "TIMESTAMP '2025-05-20 12:00:00'", "occurred_at AT TIME ZONE 'UTC' AS occurred_at"],
    ['occurred_at', "'2025-05-20 12:00:00'", 'CAST(occurred_at AS TIMESTAMPTZ) AS occurred_at'],
    ['occurred_at', "DATE '2025-05-20'", "CAST(occurred_at AS TIMESTAMP) AT TIME ZONE 'UTC' AS occurred_at"],
    ['occurred_at', '1747742400', 'to_timestamp(occurred_at) AS occurred_at'],
    ['revenue', '1.5::DOUBLE', 'CAST(revenue AS DECIMAL(18,3)) AS revenue'],
    ['revenue', '1.5::FLOAT', 'CAST(revenue AS DECIMAL(18,3)) AS revenue'],
    ['app_token', 'true', 'CAST(app_token AS VARCHAR) AS app_token'],
    ['callback_params', '[1, 2]', 'CAST(to_json(callback_params) AS VARCHAR) AS callback_params'],
  ])('%s may not be %s, and the cast that mends it is named', async (column, expression, cast) => {
    const message = await problems(selectOf({ ...SOUND, [column]: expression }))
    expect(message).toContain(`write ${cast}`)
    const mended = cast.replace(/ AS \w+$/, '')
    const select = `SELECT * REPLACE (${mended} AS ${column}) FROM (${selectOf({ ...SOUND, [column]: expression })})`
    await expect(checkContract(await open(), select)).resolves.toContain(column)
  })
})
