import { describe, expect, it } from 'vitest'
import { type ColumnFlags, findColumns } from '../../src/export/columns.ts'
import { readTime, transactionIdOf } from '../../src/export/export-row.ts'

const NO_FLAGS: ColumnFlags = { transactionId: null, appToken: null, eventToken: null, time: null }
const find = (names: string[], flags: Partial<ColumnFlags> = {}) =>
  findColumns(names, { ...NO_FLAGS, ...flags }, 'export.csv')

describe('the columns of an export', () => {
  it.each([
    [
      "an upload's header",
      ['My app', '{app_token}', '{event}', '{event_name}', '{created_at}', '[transaction_id]'],
    ],
    ['bare names', ['x', 'app_token', 'event', 'event_name', 'created_at', 'transaction_id']],
    [
      'names as BigQuery takes them',
      ['x', '_app_token_', '_event_', '_event_name_', '_created_at_', '_transaction_id_'],
    ],
    ['names in capitals', ['X', 'APP_TOKEN', 'EVENT_TOKEN', 'EVENT_NAME', 'RECEIVED_AT', 'TRANSACTION_ID']],
  ])('are found in %s', (_what, names) => {
    expect(find(names)).toEqual({ transactionId: 5, isJson: false, appToken: 1, eventToken: 2, time: 4 })
  })

  it('may be one of callback parameters, if none is the transaction id', () => {
    expect(find(['{publisher_parameters}'])).toMatchObject({ transactionId: 0, isJson: true, appToken: null })
    expect(find(['callback_params', 'transaction_id'])).toMatchObject({ transactionId: 1, isJson: false })
    expect(find(['a', '{publisher_parameters}'], { transactionId: 'publisher_parameters' })).toMatchObject({
      transactionId: 1,
      isJson: true,
    })
  })

  it('are those that the flags name, exactly or by what stands between the braces', () => {
    const names = ['[order]', '{app_token}', 'app', 'transaction_id']
    expect(find(names, { transactionId: 'order', appToken: 'app' })).toMatchObject({
      transactionId: 0,
      appToken: 2,
    })
  })

  it('are listed when the transaction id is not among them, with the flag that names it', () => {
    expect(() => find(['{idfa}', ''])).toThrow(
      expect.objectContaining({
        message: 'export.csv has no column with our transaction_id: it has {idfa}, (nameless)',
        hint: expect.stringContaining('--transaction-id-column NAME'),
      }),
    )
    expect(() => find(['{idfa}', '[order_id]'], { transactionId: 'order-id' })).toThrow(
      expect.objectContaining({
        message: '--transaction-id-column order-id: export.csv has no such column, it has {idfa}, [order_id]',
        hint: 'Did you mean [order_id]?',
      }),
    )
  })

  it('are not guessed where two have the same name', () => {
    expect(() => find(['{transaction_id}', '[transaction_id]'])).toThrow(/has column transaction_id twice/)
  })
})

describe('a row of an export', () => {
  it.each([
    ['1404214665', 1_404_214_665_000],
    ['1404214665123', 1_404_214_665_123],
    ['2014-07-01T11:37:45Z', 1_404_214_665_000],
    ['2014-07-01 11:37:45 UTC', 1_404_214_665_000],
    ['2014-07-01T13:37:45+0200', 1_404_214_665_000],
    ['2014-07-01 11:37:45', null],
    ['7', null],
    ['', null],
    ['yesterday', null],
  ])('has its time read from %j', (text, ms) => {
    expect(readTime(text)).toBe(ms)
  })

  it.each([
    ['{"a":"b","transaction_id":"t1"}', 't1'],
    ['{"transaction_id":17}', '17'],
    ['{"transaction_id":null}', ''],
    ['{"other":"transaction_id"}', ''],
    ['"transaction_id"', ''],
    ['null', ''],
    ['transaction_id=t1', ''],
    ['', ''],
  ])('has the transaction id of callback parameters %j', (json, id) => {
    expect(transactionIdOf(json)).toBe(id)
  })
})
