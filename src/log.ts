import { type Logger, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { LogLevel } from './config.ts'
import type { Clock } from './domain/clock.ts'
import { redact } from './redact.ts'

export type Log = Logger

export interface LogStream {
  write(text: string): unknown
  /** A terminal knows, and heeds NO_COLOR. */
  hasColors?(): boolean
}

export interface LogOptions {
  level: LogLevel
  clock: Clock
  /** Standard error, as a rule: standard output belongs to data. */
  stream: LogStream
  /** Lines for a person at a terminal; otherwise one JSON object a line, as Cloud Logging reads it. */
  pretty: boolean
}

/** Cloud Logging's names; it shows everything else as DEFAULT. */
const SEVERITIES: Record<string, string> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
}

/** Takes the live progress line (see `cli/progress.ts`) away first, which is redrawn below. */
const CLEAR_LINE = '\r\x1b[K'

function prettyLine(colorize: boolean): (record: unknown) => string {
  return prettyFactory({
    colorize,
    messageKey: 'message',
    timestampKey: 'time',
    translateTime: 'UTC:HH:MM:ss',
    singleLine: true,
  })
}

/**
 * A pino logger: keys `time` (RFC 3339), `severity`, `message`, and those of the record. Every line passes
 * `redact` as its last step, so nothing that a caller, an error or a child logger adds can get past it.
 */
export function createLog({ level, clock, stream, pretty }: LogOptions): Log {
  const format = pretty ? prettyLine(stream.hasColors?.() ?? false) : null
  const write = (line: string) => {
    const record = redact(JSON.parse(line))
    stream.write(format ? CLEAR_LINE + format(record) : `${JSON.stringify(record)}\n`)
  }
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: {
        level: (label) => (pretty ? { level: label } : { severity: SEVERITIES[label] ?? 'DEFAULT' }),
      },
    },
    { write },
  )
}
