import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { bigqueryStatements, duckdbDdl } from '../../src/warehouse/ddl.ts'
import { numericText } from '../../src/warehouse/numeric.ts'
import { readQuery } from '../../src/warehouse/queries.ts'
import { AUDIT_TABLE, LATEST_FIRST, TABLES } from '../../src/warehouse/schema.ts'
import { auditRow } from './audit-row.ts'

describe('the tables', () => {
  it('have a sentence for every column', () => {
    for (const { columns } of TABLES) for (const { description } of columns) expect(description).not.toBe('')
  })

  it('take every field of an audit row', () => {
    const names = AUDIT_TABLE.columns.map((column) => column.name)
    expect(Object.keys(auditTableRow(auditRow({ transactionId: 't1' }))).toSorted()).toEqual(names.toSorted())
  })

  it('are made for DuckDB with exact types', () => {
    const [audit] = duckdbDdl()
    expect(audit).toContain('CREATE TABLE IF NOT EXISTS s2s_audit')
    expect(audit).toContain('"revenue" DECIMAL(38,9)')
    expect(audit).toContain('"device_names" VARCHAR[]')
    expect(audit).toContain('"settled_at" TIMESTAMP WITH TIME ZONE NOT NULL')
  })

  it('are made for BigQuery, partitioned and clustered', () => {
    const of = (name: string) => bigqueryStatements('project.dataset').get(name)!
    const [[audit], [runs], [latest]] = [of('s2s_audit'), of('s2s_runs'), of('s2s_latest')]
    expect(audit).toContain('CREATE TABLE IF NOT EXISTS `project.dataset.s2s_audit`')
    expect(audit).toContain('`revenue` NUMERIC')
    expect(audit).toContain('`device_names` ARRAY<STRING>')
    expect(audit).toContain('PARTITION BY DATE(occurred_at)\nCLUSTER BY transaction_id')
    expect(runs).not.toContain('PARTITION BY')
    expect(latest).toContain('FROM `project.dataset.s2s_audit`')
  })

  it.each([
    [0, 'partition_expiration_days = NULL'],
    [400, 'partition_expiration_days = 400'],
  ])("are kept as they should be on BigQuery, whatever the dataset's defaults: %s days", (days, option) => {
    const statements = bigqueryStatements('project.dataset', days)
    const [, kept] = statements.get('s2s_audit')!
    expect(kept).toBe(
      `ALTER TABLE \`project.dataset.s2s_audit\` SET OPTIONS (expiration_timestamp = NULL, ${option})`,
    )
    expect(statements.get('s2s_lease')![1]).toContain('SET OPTIONS (expiration_timestamp = NULL)')
  })
})

describe('which row says what became of a transaction', () => {
  it('is the same for the view and, in both places, for the extraction', () => {
    const onOneLine = readQuery('extract.sql').replace(/\s+/g, ' ')
    expect(onOneLine.split(LATEST_FIRST)).toHaveLength(3)
    expect(readQuery('oldest-open.sql')).toContain(LATEST_FIRST)
    expect(readQuery('audit/open.sql')).toContain(LATEST_FIRST)
  })
})

describe('numericText', () => {
  it.each([
    ['12.5', '12.5'],
    ['11.770', '11.77'],
    ['100000000000', '100000000000'],
    ['-0.001', '-0.001'],
    ['.5', '0.5'],
    ['+7.', '7'],
    ['0.0000000005', '0.000000001'],
    ['0.0000000004', '0'],
    ['0.9999999999', '1'],
    ['99999999999999999999999999999.999999999', '99999999999999999999999999999.999999999'],
    ['99999999999999999999999999999.9999999995', null],
    ['NaN', null],
    ['1e5', null],
    ['', null],
    ['.', null],
    ['1,5', null],
  ])('%s becomes %s', (text, expected) => {
    expect(numericText(text)).toBe(expected)
  })

  it('changes no value that a NUMERIC holds', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (scaled) => {
        const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(10, '0')
        const text = numericText(`${scaled < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`)!
        const [whole = '', fraction = ''] = text.split('.')
        expect(BigInt(whole + fraction.padEnd(9, '0'))).toBe(scaled)
      }),
    )
  })
})
