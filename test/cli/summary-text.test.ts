import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { formatSummary } from '../../src/cli/summary-text.ts'
import { ExitCode } from '../../src/domain/exit-code.ts'
import type { ReasonCount } from '../../src/domain/settlement.ts'
import type { RunSummary } from '../../src/summary.ts'

const NO_COUNTS = {
  ...{ read: 0, delivered: 0, duplicate: 0, rejected: 0, invalid: 0, expired: 0 },
  ...{ late: 0, suppressed: 0, abandoned: 0, in_doubt: 0, deferred: 0 },
}

function textOf(changes: Partial<RunSummary>, columns?: number): string {
  const summary: RunSummary = {
    run_id: '20261122T082537Z-a9a4ef',
    window: { from: '2026-11-20T00:00:00.000Z', to: '2026-11-21T00:00:00.000Z' },
    counts: NO_COUNTS,
    reasons: [],
    requests: 1,
    retries: 0,
    duration_s: 1,
    rate_per_s: 1,
    bytes_billed: null,
    recovered: 0,
    stopped: null,
    last_failure: null,
    refused: [],
    read_to_end: true,
    exit_code: ExitCode.ok,
    ...changes,
  }
  const stdout = Object.assign(new PassThrough(), { columns }) as unknown as NodeJS.WriteStream
  const flags = { config: undefined, json: false, quiet: false, input: true }
  return formatSummary(summary, { ...({} as Parameters<typeof formatSummary>[1]), stdout, flags })
}

const rejected = (reason: ReasonCount['reason']): Partial<RunSummary> => ({
  counts: { ...NO_COUNTS, read: 3, rejected: 1, deferred: 2 },
  reasons: [
    { status: 'rejected', reason, count: 1, example: 'order-1' },
    { status: 'deferred', reason: 'token_stopped', count: 2, example: 'order-2' },
  ],
  refused: [{ name: 'app/event', reason: 'token_stopped' }],
})

describe('what comes next', () => {
  it('after a wrong token is no run that would make the rejected event late', () => {
    const text = textOf(rejected('invalid_event_token'))
    expect(text).toContain('npx adjust-s2s run --resend failed')
    expect(text).not.toMatch(/adjust-s2s run {2}/)
  })

  it('after another refusal is a run, once its cause is gone', () => {
    expect(textOf(rejected('bad_event_state'))).toMatch(/adjust-s2s run +goes on, once this is done: /)
  })
})

describe('a terminal that does not know its width', () => {
  it('gets whole lines', () => {
    expect(textOf(rejected('bad_event_state'), 0)).toBe(textOf(rejected('bad_event_state')))
  })
})
