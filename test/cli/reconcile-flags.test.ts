import { describe, expect, it } from 'vitest'
import { parseReconcileFlags } from '../../src/cli/reconcile-flags.ts'

describe('flags of reconcile', () => {
  it('take files or a table, and instants', () => {
    expect(
      parseReconcileFlags({ export: ['a.csv', 'b'], from: '2026-02-01', to: '2026-02-02T12:00Z' }),
    ).toEqual({
      files: ['a.csv', 'b'],
      table: null,
      columns: { transactionId: null, appToken: null, eventToken: null, time: null },
      from: Date.UTC(2026, 1, 1),
      to: Date.UTC(2026, 1, 2, 12),
      dryRun: false,
    })
    expect(parseReconcileFlags({ table: 'raw.events', timeColumn: 'at', dryRun: true })).toMatchObject({
      files: [],
      table: 'raw.events',
      columns: { time: 'at' },
      dryRun: true,
    })
  })

  it('are refused without an export, with two, and with an empty window', () => {
    expect(() => parseReconcileFlags({})).toThrow('Which export?')
    expect(() => parseReconcileFlags({ export: ['a'], table: 'b' })).toThrow('both given')
    expect(() => parseReconcileFlags({ export: ['a'], from: '2026-02-02', to: '2026-02-02' })).toThrow(
      '--from 2026-02-02 is not before --to 2026-02-02',
    )
  })
})
