import type { Clock } from '../domain/clock.ts'
import type { RunProgress } from '../run-job.ts'
import { formatCount, formatDuration } from './output.ts'

/** Where a run stands, and how fast it is. */
export interface ProgressSnapshot extends RunProgress {
  requestsPerSecond: number
}

export interface Progress {
  /** Cheap: it only remembers. Drawing has its own pace. */
  update(snapshot: ProgressSnapshot): void
  /** Takes the live line away. */
  stop(): void
}

export interface ProgressOptions {
  stream: { write(text: string): unknown; columns?: number }
  isTTY: boolean
  clock: Clock
  log: { info(record: object, message: string): void }
}

/** Fast enough to look alive, slow enough not to cost anything. */
const REDRAW_MS = 200
/** A log that somebody pays for by the line. */
const LOG_LINE_MS = 10_000

/** Milliseconds until the rest is settled at the present rate; null when that is anybody's guess. */
export function timeLeftMs({ total, settled, requestsPerSecond }: ProgressSnapshot): number | null {
  return total === null || requestsPerSecond <= 0
    ? null
    : (Math.max(0, total - settled) / requestsPerSecond) * 1000
}

/**
 * `1,200 of 10,000 done · 49.8/s · …`: what is zero and needs no look is left out. What people look for stands in front, for a narrow terminal
 * cuts the end off.
 */
export function progressLine(snapshot: ProgressSnapshot): string {
  const { settled, total, waiting, inFlight, rejected, inDoubt, requestsPerSecond, pauseMs } = snapshot
  const left = timeLeftMs(snapshot)
  return [
    `${formatCount(settled)}${total === null ? '' : ` of ${formatCount(total)}`} done`,
    `${requestsPerSecond.toFixed(1)}/s`,
    left === null ? '' : `${formatDuration(left)} left`,
    pauseMs > 0 ? `Adjust is not ready, next try in ${formatDuration(pauseMs)}` : '',
    `${formatCount(waiting)} waiting`,
    `${formatCount(inFlight)} in flight`,
    rejected > 0 ? `${formatCount(rejected)} rejected` : '',
    inDoubt > 0 ? `${formatCount(inDoubt)} in doubt` : '',
  ]
    .filter((part) => part !== '')
    .join(' · ')
}

/** One column stays free: a terminal wraps when the last is written. */
function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`
}

function logRecord(snapshot: ProgressSnapshot): object {
  const left = timeLeftMs(snapshot)
  return {
    ...snapshot,
    pauseMs: Math.round(snapshot.pauseMs),
    ...(left === null ? {} : { timeLeftS: Math.round(left / 1000) }),
  }
}

/** A live line on a terminal, and on a pipe a log line every ten seconds: both show the newest snapshot. */
export function createProgress({ stream, isTTY, clock, log }: ProgressOptions): Progress {
  let newest: ProgressSnapshot | null = null
  let cancel = () => {}
  const show = () => {
    if (newest !== null && isTTY) stream.write(`\r\x1b[K${cut(progressLine(newest), stream.columns || 80)}`)
    if (newest !== null && !isTTY) log.info(logRecord(newest), progressLine(newest))
    cancel = clock.after(isTTY ? REDRAW_MS : LOG_LINE_MS, show)
  }
  cancel = clock.after(isTTY ? REDRAW_MS : LOG_LINE_MS, show)
  return {
    update(snapshot) {
      newest = snapshot
    },
    stop() {
      cancel()
      if (isTTY) stream.write('\r\x1b[K')
    },
  }
}
