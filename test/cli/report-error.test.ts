import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { formatReport, reportJson, reportOf } from '../../src/cli/report-error.ts'
import { RefusedError, TerminalError, TransientError } from '../../src/domain/errors.ts'

describe('the report of an error', () => {
  it.each([
    [new TerminalError('m', { hint: 'h' }), 2],
    [new RefusedError('m', { hint: 'h' }), 4],
    [new TransientError('m', { hint: 'h' }), 75],
  ])(
    'that was foreseen has its message, its hint and its exit code, and no stack (%#)',
    (error, exitCode) => {
      expect(reportOf(error, 'run')).toEqual({ message: 'm', hint: 'h', exitCode, stack: null })
    },
  )

  it.each([new TypeError('x is not a function'), 'thrown text', undefined])(
    'that nobody foresaw says that it is a bug and shows the stack: %s',
    (error) => {
      const report = reportOf(error, 'run')!
      expect(report.exitCode).toBe(1)
      expect(report.message).toContain('bug in adjust-s2s')
      expect(formatReport(report, new PassThrough())).toMatch(/^ +at /m)
    },
  )

  it('is JSON with the keys that scripts read', () => {
    const report = reportOf(new TransientError('another run has the lease'), 'run')!
    expect(JSON.parse(reportJson(report))).toEqual({
      error: { message: 'another run has the lease', hint: null, exit_code: 75 },
    })
  })
})
