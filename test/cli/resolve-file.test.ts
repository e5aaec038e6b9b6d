import { spawn } from 'node:child_process'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimsOf, readClaims } from '../../src/cli/resolve-file.ts'
import { scratchPath } from '../warehouse/scratch.ts'

const DEFAULTS = { verdict: 'abandoned', why: 'nobody knows' } as const
const NONE = { verdict: null, why: null }

/** Any text that can be a transaction_id, commas, quotes and new lines among it. */
const transactionId = fc.string({ minLength: 1, unit: 'grapheme' })
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

describe('a file of transaction ids', () => {
  it('has one a line, whatever ends the lines; each counts once', async () => {
    const claims = await claimsOf('t1\r\nt,2\n\n t3\nt1\n', 'ids', DEFAULTS)
    expect(claims.map((claim) => claim.transactionId)).toEqual(['t1', 't,2', ' t3'])
    expect(claims[0]).toEqual({ transactionId: 't1', verdict: 'abandoned', why: 'nobody knows' })
  })

  it('may be a CSV that says of each what became of it, and why; what it leaves out the flags say', async () => {
    const csv = 'reason,transaction_id,as,more\n"in the log, twice",t1,delivered,x\n,t2,,\n'
    expect(await claimsOf(csv, 'ids.csv', DEFAULTS)).toEqual([
      { transactionId: 't1', verdict: 'delivered', why: 'in the log, twice' },
      { transactionId: 't2', verdict: 'abandoned', why: 'nobody knows' },
    ])
  })

  it('gives back any id that was written as CSV', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(transactionId, { minLength: 1 }), async (ids) => {
        const csv = ['transaction_id', ...ids.map(quoted)].join('\r\n')
        const claims = await claimsOf(csv, 'ids.csv', DEFAULTS)
        expect(claims.map((claim) => claim.transactionId)).toEqual(ids)
      }),
    )
  })

  it.each([
    ['', DEFAULTS, 'ids has no transaction id'],
    ['transaction_id\n', DEFAULTS, 'ids has no transaction id'],
    ['t1\n', NONE, 'ids, line 1 does not say what became of t1'],
    ['transaction_id,as\nt1,delivered\n', NONE, 'ids, line 2 does not say why'],
    ['transaction_id,as\nt1,lost\n', DEFAULTS, 'ids, line 2, as lost: allowed is'],
    ['transaction_id,as\n,delivered\n', DEFAULTS, 'ids, line 2: transaction_id is empty'],
    ['transaction_id,as\nt1,delivered\nt1,abandoned\n', DEFAULTS, 'ids, line 3 says that t1 is abandoned'],
    ['transaction_id,as\nt1\n', DEFAULTS, 'ids, line 2: 1 fields'],
    ['transaction_id,transaction_id\nt1,t2\n', DEFAULTS, 'ids: the header has column transaction_id twice'],
  ])('is refused with the line that is wrong: %j', async (content, defaults, message) => {
    await expect(claimsOf(content, 'ids', defaults)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      exitCode: 2,
      hint: expect.any(String),
    })
  })

  it('is refused when it is longer than what is held in memory', async () => {
    const ids = Array.from({ length: 100_001 }, (_, index) => index).join('\n')
    await expect(claimsOf(ids, 'ids', DEFAULTS)).rejects.toMatchObject({
      message: 'ids has more than 100000 transaction ids.',
      exitCode: 2,
    })
  })

  it('that is not there is named', async () => {
    const missing = scratchPath('ids.csv')
    await expect(readClaims(missing, DEFAULTS)).rejects.toMatchObject({
      message: expect.stringContaining(missing),
      exitCode: 2,
    })
  })

  it('may come on standard input', async () => {
    const program = `
      import { readClaims } from ${JSON.stringify(path.resolve('src/cli/resolve-file.ts'))}
      console.log(JSON.stringify(await readClaims('-', { verdict: 'delivered', why: 'x' })))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program])
    child.stdin.end('\uFEFFt1\nt2\n')
    const printed = await text(child.stdout)
    expect(JSON.parse(printed).map((claim: { transactionId: string }) => claim.transactionId)).toEqual([
      't1',
      't2',
    ])
  })
})
