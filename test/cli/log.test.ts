import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TerminalError } from '../../src/domain/errors.ts'
import { SENT_IDENTIFIERS } from '../../src/domain/event.ts'
import { createLog, type Log } from '../../src/log.ts'
import { redact } from '../../src/redact.ts'

const IDFA = '6F9619FF-8B86-D011-B42D-00CF4FC964FF'
const clock = { now: () => Date.UTC(2026, 1, 28, 13, 30, 0, 7), monotonic: () => 0, after: () => () => {} }

function logged(write: (log: Log) => void, { pretty = false, level = 'debug' as const } = {}): string {
  const lines: string[] = []
  write(createLog({ level, clock, pretty, stream: { write: (line) => lines.push(line) } }))
  return lines.join('')
}

const record = (write: (log: Log) => void) => JSON.parse(logged(write))

describe('a log line', () => {
  it("is JSON with Cloud Logging's keys", () => {
    expect(record((log) => log.warn({ rate: 50 }, 'slowing down'))).toEqual({
      severity: 'WARNING',
      time: '2026-02-28T13:30:00.007Z',
      rate: 50,
      message: 'slowing down',
    })
  })

  it.each([
    ['debug', 'DEBUG'],
    ['info', 'INFO'],
    ['error', 'ERROR'],
    ['fatal', 'CRITICAL'],
  ] as const)('of %s has the severity %s', (level, severity) => {
    expect(record((log) => log[level]('x')).severity).toBe(severity)
  })

  it('is for a person at a terminal, and takes the progress line away first', () => {
    const text = logged((log) => log.warn({ rate: 50 }, 'slowing down'), { pretty: true })
    expect(text).toBe('\r\x1b[K[13:30:00] WARN: slowing down {"rate":50}\n')
  })

  it('keeps what an error says, and its stack', () => {
    const { err } = record((log) => log.error(new TerminalError('no such table', { hint: 'run init' })))
    expect(err).toMatchObject({ type: 'TerminalError', message: 'no such table', hint: 'run init' })
    expect(err.stack).toContain('log.test.ts')
  })
})

describe('a log line never shows', () => {
  const spellings = (name: string) => [
    name,
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  ]
  const KEYS = [
    ...[...SENT_IDENTIFIERS, 'device_id', 'ip_address', 'app_token', 'event_token', 'user_agent'].flatMap(
      spellings,
    ),
    ...['token', 'authorization', 'Authorization', 'identifiers', 'deviceNames', 'secret', 'query', 'body'],
  ]

  it.each(KEYS)('what %s holds, at any depth', (key) => {
    const text = logged((log) => {
      log.info({ [key]: 'hunter2' }, 'x')
      log.info({ event: { headers: [{ [key]: { inner: 'hunter2' } }] } }, 'x')
      log.child({ [key]: 'hunter2' }).info('x')
    })
    expect(text).not.toContain('hunter2')
    expect(text.split('\n').filter((line) => line !== '')).toHaveLength(3)
  })

  it.each([
    [`device ${IDFA} is unknown`, IDFA],
    [`device ${IDFA.toLowerCase().replaceAll('-', '')} is unknown`, '8b86d011'],
    ['POST s2s=1&android_id=a1b2c3d4e5f60718&x=1', 'a1b2c3d4e5f60718'],
    ['{"adid":"xyzzy"}', 'xyzzy'],
    ['authorization: Bearer hunter2', 'hunter2'],
    ['from 203.0.113.9', '203.0.113.9'],
    ['from 2001:db8::8a2e:370:7334', '370:7334'],
    ['app_token=abc123def456 refused', 'abc123def456'],
    [`idfa:${'0f'.repeat(32)}`, '0f0f'],
  ])('what looks like one in a text: %s', (text, secret) => {
    const lines = logged((log) => {
      log.info(text)
      log.info({ note: text }, 'x')
      log.error(new Error(text, { cause: new Error(text) }))
    })
    expect(lines).not.toContain(secret)
  })

  it('any address', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.constantFrom('.', ':', ': refused', ', then', ''),
        (address, rest) => {
          fc.pre(!/^(127\.|::1?$)/.test(address))
          const loggedText = String(redact(`from ${address}${rest}`))
          expect(loggedText).toBe(`from [redacted]${rest}`)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it.each(['203.0.113.9:443', '::ffff:203.0.113.9', '[2001:db8::1]:443'])(
    'an address as networks print it: %s',
    (text) => {
      expect(redact(`connect ECONNREFUSED ${text}`)).not.toMatch(/203|db8/)
    },
  )

  it('any identifier, wherever it stands in a record', () => {
    const place = fc.constantFrom('message', 'note', 'url', 'detail')
    fc.assert(
      fc.property(
        fc.uuid(),
        place,
        fc.array(fc.constantFrom('a', 'b'), { maxLength: 4 }),
        (id, key, path) => {
          const nested = path.reduce<unknown>((inner, name) => ({ [name]: inner }), {
            [key]: `the device ${id}.`,
          })
          expect(JSON.stringify(redact(nested))).not.toContain(id)
        },
      ),
    )
  })
})

describe('a log line still shows', () => {
  it.each(['runId', 'run_id', 'transaction_id'])('%s, though it may be a UUID', (key) => {
    expect(logged((log) => log.info({ [key]: IDFA }, 'x'))).toContain(IDFA)
  })

  it.each([
    'at 2026-02-28T13:30:00.007Z',
    'http://127.0.0.1:8090/event',
    'took 12:34:56',
    'requests_per_second: 50',
    'src/log.ts:12:5',
  ])('what is harmless: %s', (text) => {
    expect(record((log) => log.info(text)).message).toBe(text)
  })
})
