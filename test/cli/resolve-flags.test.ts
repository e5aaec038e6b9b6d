import { userInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { parseResolveFlags } from '../../src/cli/resolve-flags.ts'
import { TerminalError } from '../../src/domain/errors.ts'

const SAID = { as: 'delivered', reason: 'in the export' }

function refusal(ids: string[], texts: Parameters<typeof parseResolveFlags>[1]): string {
  try {
    parseResolveFlags(ids, texts)
  } catch (error) {
    if (error instanceof TerminalError && error.hint !== undefined) return error.message
    throw error
  }
  throw new Error('it was taken')
}

describe('the arguments of resolve', () => {
  it('name events by id, each once, and the user of the operating system as the one who says so', () => {
    expect(parseResolveFlags(['t1', 't2', 't1'], SAID)).toEqual({
      target: { ids: ['t1', 't2'] },
      verdict: 'delivered',
      why: 'in the export',
      by: userInfo().username,
      dryRun: false,
      confirm: null,
    })
  })

  it('name a run or a file instead, with the number of events that are to change', () => {
    const flags = parseResolveFlags([], { ...SAID, run: 'run-1', by: ' ana ', confirm: '12' })
    expect(flags).toMatchObject({ target: { runId: 'run-1' }, by: 'ana', confirm: 12 })
  })

  it('may leave outcome and reason to a file', () => {
    expect(parseResolveFlags([], { file: '-' })).toMatchObject({
      target: { file: '-' },
      verdict: null,
      why: null,
    })
  })

  it.each([
    ['no event', [], SAID, /Which events\?/],
    ['ids and a run', ['t1'], { ...SAID, run: 'run-1' }, /exclude each other/],
    ['a run and a file', [], { ...SAID, run: 'run-1', file: 'ids' }, /exclude each other/],
    ['an empty id', [''], SAID, /a transaction id is empty/],
    ['an empty run', [], { ...SAID, run: ' ' }, /--run is empty/],
    ['no outcome', ['t1'], { reason: 'x' }, /--as is missing/],
    [
      'an unknown outcome',
      ['t1'],
      { ...SAID, as: 'lost' },
      /--as lost: allowed is delivered, not-delivered, abandoned/,
    ],
    ['no reason', ['t1'], { as: 'delivered' }, /--reason is missing/],
    ['an empty reason', ['t1'], { ...SAID, reason: ' ' }, /--reason is empty/],
    ['a novel', ['t1'], { ...SAID, reason: 'x'.repeat(1001) }, /--reason is longer than 1000/],
    ['nobody', ['t1'], { ...SAID, by: '' }, /Who says so\?/],
    ['a number that is none', [], { ...SAID, run: 'run-1', confirm: 'yes' }, /--confirm yes/],
    ['a number for ids', ['t1'], { ...SAID, confirm: '1' }, /--confirm goes with --run or --file alone/],
  ])('are refused with a hint: %s', (_what, ids, texts, message) => {
    expect(refusal(ids, texts)).toMatch(message)
  })
})
