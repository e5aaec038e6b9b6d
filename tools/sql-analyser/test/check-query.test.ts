import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUDIT_TABLE, type ColumnType } from '../../../src/warehouse/schema.ts'
import { Analyser, type Catalog } from '../analyser.ts'
import { createCatalog } from '../catalog.ts'
import { checkFunctions } from '../check-functions.ts'
import { checkQuery } from '../check-query.ts'
import type { QueryParameterTypes } from '../parameters.ts'
import { reportLines } from '../report.ts'

let analyser: Analyser
let catalog: Catalog

beforeAll(async () => {
  analyser = await Analyser.start()
  catalog = (await createCatalog(analyser)).catalog
})
afterAll(() => analyser.stop())

async function check(sql: string, parameters: QueryParameterTypes = {}): Promise<string[]> {
  return reportLines(await checkQuery(analyser, catalog, 'sql/x.sql', sql, parameters), false)
}

describe('what the analyser refuses', () => {
  it.each([
    [
      'a function that only DuckDB has',
      'SELECT\n  epoch_us(settled_at) AS micros\nFROM s2s_audit',
      'sql/x.sql:2:3: Function not found: epoch_us',
    ],
    [
      'another one',
      "SELECT status,\n  strptime(message, '%Y') AS year\nFROM s2s_audit",
      'sql/x.sql:2:3: Function not found: strptime',
    ],
    [
      'a cast as only DuckDB writes it',
      'SELECT attempt::VARCHAR AS attempt\nFROM s2s_audit',
      'sql/x.sql:1:15: Syntax error: Expected end of input but got ":"',
    ],
    [
      'a misspelt column',
      'SELECT run_id\nFROM s2s_audit\nWHERE staus = 1',
      'sql/x.sql:3:7: Unrecognized name: staus; Did you mean status?',
    ],
    [
      'a misspelt column of the view',
      'SELECT newness FROM s2s_latest',
      'sql/x.sql:1:8: Unrecognized name: newness',
    ],
    ['an unknown table', 'SELECT run_id\nFROM s2s_audits', 'sql/x.sql:2:6: Table not found: s2s_audits'],
    [
      'a parameter that nobody passes',
      'SELECT run_id FROM s2s_audit\nWHERE run_id = @run_id',
      "sql/x.sql:2:16: Query parameter 'run_id' not found",
    ],
    [
      'a comparison of text with a number',
      'SELECT run_id FROM s2s_audit\nWHERE run_id = attempt',
      'sql/x.sql:2:7: No matching signature for operator = for argument types: STRING, INT64.',
    ],
    [
      'a column that is neither grouped nor aggregated',
      'SELECT status, reason\nFROM s2s_audit GROUP BY status',
      'sql/x.sql:1:16: SELECT list expression references column reason which is neither grouped nor aggregated',
    ],
    ['a statement that changes tables', 'CREATE TABLE x (a INT64)', 'sql/x.sql:1:1: Statement not supported'],
  ])('%s', async (_name, sql, expected) => {
    const lines = await check(sql)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(expected)
  })

  it('a parameter of the wrong type', async () => {
    const sql = 'SELECT run_id FROM s2s_audit\nWHERE settled_at > @now'
    expect(await check(sql, { now: 'TIMESTAMP' })).toEqual(['sql/x.sql: ok'])
    const [line] = await check(sql, { now: 'INT64' })
    expect(line).toContain(
      'sql/x.sql:2:7: No matching signature for operator > for argument types: TIMESTAMP, INT64',
    )
  })

  it('a value of the wrong type for a column that an UPDATE sets', async () => {
    const sql = "UPDATE s2s_lease\nSET epoch = @epoch\nWHERE shard = '0/1'"
    expect(await check(sql, { epoch: 'INT64' })).toEqual(['sql/x.sql: ok'])
    const [line] = await check(sql, { epoch: 'STRING' })
    expect(line).toContain(
      'sql/x.sql:2:13: Value of type STRING cannot be assigned to epoch, which has type INT64',
    )
  })

  it('a place behind {{source}} on its line, as it is in the file', async () => {
    const [line] = await check('SELECT adid\nFROM ({{source}}) AS source WHERE adit IS NULL')
    expect(line).toContain('sql/x.sql:2:35: Unrecognized name: adit')
  })
})

describe('what rows cannot carry', () => {
  it.each([
    ['TIMESTAMP', 'settled_at'],
    ['DATE', 'DATE(settled_at)'],
    ['FLOAT64', 'latency_ms / 2'],
    ['BYTES', 'SHA256(run_id)'],
    ['ARRAY<STRING>', 'warnings'],
  ])('a column of type %s', async (type, expression) => {
    expect(await check(`SELECT run_id, ${expression} AS odd FROM s2s_audit`)).toEqual([
      `sql/x.sql: column odd has type ${type}; rows hold STRING, INT64, BOOL, NUMERIC alone`,
    ])
  })

  it('a column without a name', async () => {
    expect(await check('SELECT run_id, MAX(attempt) FROM s2s_audit GROUP BY run_id')).toEqual([
      'sql/x.sql: column 2 has no name',
    ])
  })

  it('two columns of one name', async () => {
    expect(await check('SELECT run_id, status AS RUN_ID FROM s2s_audit')).toEqual([
      'sql/x.sql: two columns have the name RUN_ID',
    ])
  })
})

describe('parameters', () => {
  it('are refused when they are declared and not used', async () => {
    const sql = 'SELECT run_id FROM s2s_audit WHERE run_id = @run_id -- and not @other'
    expect(await check(sql, { run_id: 'STRING', other: 'INT64' })).toEqual([
      'sql/x.sql: parameter @other is declared in parameters.ts and not used',
    ])
  })

  it('are found wherever they stand', async () => {
    const sql = `WITH old AS (SELECT transaction_id AS id FROM s2s_audit WHERE settled_at < @a)
      SELECT run_id, CASE WHEN @b THEN 1 END AS flag FROM s2s_audit
      WHERE transaction_id IN (SELECT id FROM old) AND attempt < @c LIMIT @d`
    expect(await check(sql, { a: 'TIMESTAMP', b: 'BOOL', c: 'INT64', d: 'INT64' })).toEqual(['sql/x.sql: ok'])
  })

  it('are refused when the file documents another type', async () => {
    const sql = [
      '-- Rows. @from, @to TIMESTAMP: the window. @most INT64: at most so many.',
      'SELECT run_id FROM s2s_audit WHERE settled_at >= @from AND settled_at < @to LIMIT @most',
    ].join('\n')
    expect(await check(sql, { from: 'TIMESTAMP', to: 'TIMESTAMP', most: 'INT64' })).toEqual(['sql/x.sql: ok'])
    expect(
      await check(sql.replace('@most INT64', '@most STRING'), {
        from: 'TIMESTAMP',
        to: 'TIMESTAMP',
        most: 'INT64',
      }),
    ).toEqual(['sql/x.sql:1:44: @most is documented as STRING and declared as INT64'])
  })
})

describe('the catalog', () => {
  it('has the columns of the schema, in the types that BigQuery gives them', async () => {
    const types: Record<ColumnType, string> = {
      string: 'STRING',
      int64: 'INT64',
      numeric: 'NUMERIC',
      bool: 'BOOL',
      timestamp: 'TIMESTAMP',
      'string[]': 'ARRAY<STRING>',
    }
    const { reports } = await createCatalog(analyser)
    const [audit, , , latest] = reports
    const expected = AUDIT_TABLE.columns.map(({ name, type }) => [name, types[type]])
    for (const report of [audit, latest])
      expect(report?.columns.map(({ name, type }) => [name, type])).toEqual(expected)
  })

  it.each([
    ['CREATE TABLE t (a STRING) OPTIONS (descripton = "x")', 'DDL of t:1:36: Unknown option: descripton'],
    ['CREATE TABLE t (a VARCHAR)', 'DDL of t:1:19: Type not found: VARCHAR'],
    ['CREATE TABLE t (a STRING)\nPARTITION BY DATE(b)', 'DDL of t:2:19: Unrecognized name: b'],
    ['CREATE TABLE t (a TIMESTAMP)\nCLUSTER BY b', 'DDL of t:2:12: Unrecognized name: b'],
    ['CREATE VIEW t AS SELECT a FROM nowhere', 'DDL of t:1:32: Table not found: nowhere'],
    [
      'ALTER TABLE t SET OPTIONS (partition_expiration_days = "x")',
      'DDL of t:1:56: Option partition_expiration_days value has type STRING which cannot be coerced',
    ],
    ['DROP TABLE t', 'DDL of t:1:1: Statement not supported'],
  ])('is not made by %j', async (statement, expected) => {
    const { catalog: made, reports } = await createCatalog(analyser, new Map([['t', [statement]]]))
    expect(reports.flatMap((report) => reportLines(report, false))[0]).toContain(expected)
    expect(made).toEqual([])
  })
})

describe('the functions of the portable subset', () => {
  it('are refused when GoogleSQL has none of that name, or none with so many arguments', async () => {
    const report = await checkFunctions(analyser, {
      LOWER: { arguments: [1] },
      STRPTIME: { arguments: [2] },
      NULLIF: { arguments: [2, 3] },
      COALESCE: { arguments: [2, 9] },
      TRIM: { arguments: [1, 2, 3] },
    })
    expect(report.problems.map(({ message }) => message)).toEqual([
      'Function not found: STRPTIME',
      'No signature of function NULLIF takes 3 arguments',
      'No signature of function TRIM takes 3 arguments',
    ])
  })
})

describe('the analyser', () => {
  it('is not taken for one that refuses a statement when it is gone', async () => {
    const gone = await Analyser.start()
    gone.stop()
    await expect(gone.analyseQuery('SELECT 1 AS one', [], {})).rejects.toThrow('UNAVAILABLE')
  })

  it('keeps apart from another one', async () => {
    const other = await Analyser.start()
    other.stop()
    expect(await check('SELECT run_id FROM s2s_audit')).toEqual(['sql/x.sql: ok'])
  })
})
