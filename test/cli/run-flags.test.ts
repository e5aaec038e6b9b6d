import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parseInstant } from '../../src/cli/instant.ts'
import { parseRunFlags, type RunFlagTexts } from '../../src/cli/run-flags.ts'
import { TerminalError } from '../../src/domain/errors.ts'

function errorOf(texts: RunFlagTexts): TerminalError {
  try {
    parseRunFlags(texts)
  } catch (error) {
    if (error instanceof TerminalError) return error
    throw error
  }
  throw new Error('these flags were to be refused')
}

describe('an instant', () => {
  it.each([
    ['2026-02-28', Date.UTC(2026, 1, 28)],
    ['2026-02-28T13:30', Date.UTC(2026, 1, 28, 13, 30)],
    ['2026-02-28 13:30:05', Date.UTC(2026, 1, 28, 13, 30, 5)],
    ['2026-02-28T13:30:05.25Z', Date.UTC(2026, 1, 28, 13, 30, 5, 250)],
    ['2026-02-28t13:30:05z', Date.UTC(2026, 1, 28, 13, 30, 5)],
    ['2026-02-28T13:30:05+05:30', Date.UTC(2026, 1, 28, 8, 0, 5)],
    ['2026-02-28T00:30:00-0800', Date.UTC(2026, 1, 28, 8, 30)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
  ])('%s is read as UTC unless it names another zone', (text, epochMs) => {
    expect(parseInstant('--from', text)).toBe(epochMs)
  })

  it('is the same however a machine prints it', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        expect(parseInstant('--to', date.toISOString())).toBe(date.getTime())
      }),
    )
  })

  it.each(['2026-02-30', '2025-02-29', '2026-13-01', '2026-01-01T25:00', '2026-01-01T12:60:00Z'])(
    '%s does not exist, and is named with its flag',
    (text) => {
      expect(errorOf({ from: text }).message).toBe(`--from ${text}: that date or time does not exist.`)
    },
  )

  it.each([
    'yesterday',
    '',
    '2026',
    '2026-02',
    '2026-W09',
    '2026-059',
    '28.02.2026',
    '1767225600',
    '2026-01-01T',
    '2026-01-01T12',
  ])('"%s" is no date that two people read alike', (text) => {
    expect(errorOf({ to: text }).message).toContain('is neither a date nor an instant')
  })
})

describe('the flags of run and plan', () => {
  it('mean everything that is due when there are none', () => {
    expect(parseRunFlags({})).toEqual({
      from: null,
      to: null,
      app: null,
      event: null,
      limit: null,
      resend: 'none',
      shard: null,
      maxRejected: null,
      metricsFile: null,
      report: null,
      dryRun: false,
    })
  })

  it('are read into their types', () => {
    const texts = {
      from: '2026-01-01',
      to: '2026-02-01',
      app: 'abc',
      event: 'def',
      limit: '10',
      shard: '2/3',
    }
    expect(parseRunFlags({ ...texts, resend: 'failed', maxRejected: '0.5%', dryRun: true })).toEqual({
      from: Date.UTC(2026, 0, 1),
      to: Date.UTC(2026, 1, 1),
      app: 'abc',
      event: 'def',
      limit: 10,
      resend: 'failed',
      shard: { index: 2, count: 3 },
      maxRejected: { percent: 0.5 },
      metricsFile: null,
      report: null,
      dryRun: true,
    })
  })

  it.each([
    ['2026-02-01', '2026-02-01'],
    ['2026-02-02', '2026-02-01'],
    ['2026-02-01T00:00:00Z', '2026-02-01T01:00:00+02:00'],
  ])('refuse the empty window from %s to %s', (from, to) => {
    expect(errorOf({ from, to }).message).toBe(
      `--from ${from} is not before --to ${to}: the window would be empty.`,
    )
  })

  it.each([
    [{ limit: '0' }, '--limit 0'],
    [{ limit: '-1' }, '--limit -1'],
    [{ limit: '1e3' }, '--limit 1e3'],
    [{ limit: '10.5' }, '--limit 10.5'],
    [{ shard: '3/3' }, '--shard 3/3'],
    [{ shard: '0/0' }, '--shard 0/0'],
    [{ shard: '1' }, '--shard 1'],
    [{ shard: '-1/3' }, '--shard -1/3'],
    [{ shard: '1/2/3' }, '--shard 1/2/3'],
    [{ maxRejected: '-1' }, '--max-rejected -1'],
    [{ maxRejected: '101%' }, '--max-rejected 101%'],
    [{ maxRejected: 'few' }, '--max-rejected few'],
    [{ app: ' ' }, '--app is empty'],
    [{ event: '' }, '--event is empty'],
    [{ resend: 'every' }, '--resend every: allowed is none, failed, all'],
  ])('refuse %j by name', (texts, message) => {
    expect(errorOf(texts).message).toContain(message)
  })

  it('take a number of rejected events, also none', () => {
    expect(parseRunFlags({ maxRejected: '0' }).maxRejected).toEqual({ count: 0 })
    expect(parseRunFlags({ maxRejected: '100%' }).maxRejected).toEqual({ percent: 100 })
  })

  it('take each shard of any number, and no other', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), (index, count) => {
        const shard = `${index}/${count}`
        if (index < count && count <= 16) expect(parseRunFlags({ shard }).shard).toEqual({ index, count })
        else expect(errorOf({ shard }).message).toContain(shard)
      }),
    )
  })
})

describe('a shard without its number', () => {
  const inPod = (index: string | undefined, shard: string) => {
    vi.stubEnv('JOB_COMPLETION_INDEX', index)
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    return parseRunFlags({ shard }).shard
  }

  it('is that of the pod of an Indexed Job', () => {
    expect(inPod('2', '/3')).toEqual({ index: 2, count: 3 })
  })

  it('is refused where there is no such pod, and where the Job has more of them than shards', () => {
    expect(() => inPod(undefined, '/3')).toThrow('JOB_COMPLETION_INDEX is not set')
    expect(() => inPod('3', '/3')).toThrow('--shard /3')
  })

  it('is not taken from the pod when one is given', () => {
    expect(inPod('2', '0/3')).toEqual({ index: 0, count: 3 })
  })
})

describe('sending delivered events again', () => {
  const window = { from: '2026-01-01', to: '2026-02-01', resend: 'all' }

  it('happens when the window is confirmed word for word', () => {
    expect(parseRunFlags({ ...window, confirm: '2026-01-01/2026-02-01' }).resend).toBe('all')
  })

  it.each([undefined, '', 'yes', '2026-01-01/2026-03-01', '2026-01-01T00:00:00Z/2026-02-01'])(
    'is refused with the confirmation %j, and the error shows what to type',
    (confirm) => {
      const error = errorOf({ ...window, ...(confirm === undefined ? {} : { confirm }) })
      expect(error.hint).toContain('--confirm "2026-01-01/2026-02-01"')
    },
  )

  it.each(['from', 'to'] as const)('is refused without --%s', (flag) => {
    const { [flag]: _left, ...rest } = window
    expect(errorOf({ ...rest, confirm: '2026-01-01/2026-02-01' }).message).toContain(
      'needs both --from and --to',
    )
  })

  it('is the only thing that is confirmed', () => {
    expect(errorOf({ from: '2026-01-01', confirm: 'yes' }).message).toContain('--confirm')
  })
})
