import { describe, expect, it } from 'vitest'
import { TerminalError } from '../../src/domain/errors.ts'
import { querySteps, textOf } from '../../src/warehouse/steps.ts'
import { translate, translateChange } from '../../src/warehouse/translate.ts'

describe('translate', () => {
  it('makes a DuckDB parameter of a GoogleSQL one', () => {
    expect(translate('SELECT @window_from')).toBe('SELECT $window_from')
  })

  it('leaves alone what stands in a string', () => {
    expect(translate("SELECT '@a `b` -- c'")).toBe("SELECT '@a `b` -- c'")
  })

  it('makes double-quoted names of backticked ones', () => {
    expect(translate('SELECT `at` FROM `s2s_runs`')).toBe('SELECT "at" FROM "s2s_runs"')
  })

  it('drops comments, so that a marker in one is no marker', () => {
    expect(translate('-- of {{source}}\nSELECT 1 /* {{source}} */')).not.toContain('{{source}}')
  })

  it('leaves the marker for the source in its place', () => {
    expect(translate('SELECT 1 FROM ({{source}}) AS source')).toContain('({{source}})')
  })

  it.each([
    ['x::STRING', 'cannot be read'],
    ['x / 2', 'cannot be read'],
    ['7 // 2', 'cannot be read'],
    ['x % 2', 'cannot be read'],
    ['x != 2', 'cannot be read'],
    ['1.5', 'cannot be read'],
    ['1e3', 'cannot be read'],
    ['"text"', 'cannot be read'],
    ["'a\\n'", 'cannot be read'],
    ["r'a'", 'prefixed string'],
    ["'a' 'b'", 'two string literals'],
    ['x[0]', 'subscripts'],
    ['CONCAT(a, b)', 'function CONCAT is not on the list'],
    ['COUNTIF(a)', 'function COUNTIF is not on the list'],
    ['lower(a)', 'function lower is not on the list'],
    ['LOWER(a, b)', 'LOWER with 2 arguments'],
    ['TRIM(a, b)', 'TRIM with 2 arguments'],
    ['LTRIM(a)', 'LTRIM with 1 arguments'],
    ['CHR(a)', 'CHR of anything but a literal'],
    ['CHR(0)', 'CHR of anything but a literal'],
    ['CHR(1 - 1)', 'CHR of anything but a literal'],
    ['TO_HEX(a)', 'TO_HEX of anything but SHA256'],
    ['SHA256(a)', 'SHA256 outside TO_HEX'],
    ['DIV(a, b)', 'DIV by anything but a literal'],
    ['DIV(a, 0)', 'DIV by anything but a literal'],
    ['DIV(a, b - 1)', 'DIV by anything but a literal'],
    ['DIV(a, NULLIF(b, 1))', 'DIV by anything but a literal'],
    ['DIV(a, 1 - NULLIF(b, 0))', 'DIV by anything but a literal'],
    ['DIV(a, COALESCE(NULLIF(b, 0), 0))', 'DIV by anything but a literal'],
    ["FORMAT_TIMESTAMP('%c', a)", 'FORMAT_TIMESTAMP with anything but'],
    ["FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', a, 'Europe/Berlin')", 'FORMAT_TIMESTAMP with 3 arguments'],
    ['CAST(a AS FLOAT64)', 'FLOAT64 is not on the list'],
    ['CAST(revenue AS STRING)', 'print differently'],
    ['a LIKE b', 'LIKE is not on the list'],
    ['a ilike b', 'ilike is a word of one'],
    ['a; SELECT 2', 'cannot be read'],
    ['a FROM t, UNNEST(x) AS y', 'UNNEST is known as'],
    ['a FROM t CROSS JOIN UNNEST(x)', 'UNNEST is known as'],
    ['DISTINCT ON (a) b', 'DISTINCT ON'],
    ['1 UNION SELECT 2', 'UNION needs ALL'],
    ['a FROM t QUALIFY b', 'QUALIFY is not on the list'],
    ['a FROM t GROUP BY ALL', 'BY ALL'],
  ])('refuses %s, which the engines read differently or one does not know', (expression, message) => {
    expect(() => translate(`SELECT\n${expression}`, 'sql/x.sql')).toThrow(TerminalError)
    expect(() => translate(`SELECT\n${expression}`, 'sql/x.sql')).toThrow(message)
    expect(() => translate(`SELECT\n${expression}`, 'sql/x.sql')).toThrow('sql/x.sql:2:')
  })
})

describe('translateChange', () => {
  it('translates an UPDATE as it does a query', () => {
    const update = 'UPDATE `s2s_lease` SET epoch = @epoch WHERE NOT EXISTS (SELECT 1 FROM t ORDER BY a DESC)'
    expect(translateChange(update)).toBe(
      'UPDATE "s2s_lease" SET epoch = $epoch WHERE NOT EXISTS (SELECT 1 FROM t ORDER BY a DESC NULLS LAST)',
    )
  })

  it('translates an INSERT with its list of columns', () => {
    expect(translateChange('INSERT INTO `t` (a, b) SELECT @a, 1')).toBe('INSERT INTO "t" (a, b) SELECT $a, 1')
  })

  it.each(['SELECT 1', 'DELETE FROM t WHERE TRUE', 'WITH a AS (SELECT 1) SELECT 1', ''])(
    'refuses %j, which is neither',
    (statement) => {
      expect(() => translateChange(statement, 'sql/x.sql')).toThrow('sql/x.sql:1: neither UPDATE nor INSERT')
    },
  )
})

describe('querySteps', () => {
  it('makes a table of what is used more than once, and leaves in place what is used once', () => {
    const steps = querySteps(
      'WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a), c AS (SELECT x FROM b) SELECT x FROM c JOIN b ON b.x = c.x',
    )
    expect(steps.map(({ table }) => table)).toEqual(['b', null])
    expect(textOf(steps[0]!.code)).toMatch(/^WITH a AS /)
    expect(textOf(steps[1]!.code)).toMatch(/^WITH c AS /)
  })

  it('is one step for a query without WITH', () => {
    expect(querySteps('SELECT 1').map(({ table, code }) => [table, textOf(code)])).toEqual([
      [null, 'SELECT 1'],
    ])
  })

  it('refuses a source that temporary tables could hide the tables of', () => {
    const query =
      'WITH a AS (SELECT 1 AS x) SELECT 1 FROM a JOIN a AS b ON TRUE JOIN ({{source}}) AS source ON TRUE'
    expect(() => querySteps(query)).toThrow('{{source}}')
  })
})
