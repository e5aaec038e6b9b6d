import { describe, expect, it } from 'vitest'
import { createProgress, type ProgressSnapshot, progressLine, timeLeftMs } from '../../src/cli/progress.ts'
import type { Clock } from '../../src/domain/clock.ts'

/** Time that stands still until it is told to pass. */
class ManualClock implements Clock {
  #nowMs = 0
  #timers = new Map<symbol, { at: number; callback: () => void }>()

  now() {
    return this.#nowMs
  }

  monotonic() {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void) {
    const name = Symbol()
    this.#timers.set(name, { at: this.#nowMs + delayMs, callback })
    return () => void this.#timers.delete(name)
  }

  get timers() {
    return this.#timers.size
  }

  pass(durationMs: number) {
    const end = this.#nowMs + durationMs
    for (;;) {
      const [next] = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)
      if (!next) break
      this.#timers.delete(next[0])
      this.#nowMs = next[1].at
      next[1].callback()
    }
    this.#nowMs = end
  }
}

const SNAPSHOT: ProgressSnapshot = {
  read: 5_000,
  settled: 1_200,
  waiting: 3_736,
  inFlight: 64,
  rejected: 3,
  inDoubt: 0,
  requestsPerSecond: 49.84,
  pauseMs: 0,
  total: 10_000,
}

function start({ isTTY, columns = 200 }: { isTTY: boolean; columns?: number }) {
  const clock = new ManualClock()
  const written: string[] = []
  const logged: { record: object; message: string }[] = []
  const stream = { columns, write: (text: string) => written.push(text) }
  const log = { info: (record: object, message: string) => void logged.push({ record, message }) }
  return { clock, written, logged, progress: createProgress({ stream, isTTY, clock, log }) }
}

const CLEAR = '\r\x1b[K'

describe('the progress line', () => {
  it('says what is done, how fast, what waits and how long it takes', () => {
    expect(progressLine(SNAPSHOT)).toBe(
      '1,200 of 10,000 done · 49.8/s · 2 min 57 s left · 3,736 waiting · 64 in flight · 3 rejected',
    )
  })

  it('leaves out what nobody knows', () => {
    const line = progressLine({ ...SNAPSHOT, total: null, rejected: 0, inDoubt: 2 })
    expect(line).toBe('1,200 done · 49.8/s · 3,736 waiting · 64 in flight · 2 in doubt')
  })

  it('says why nothing goes out', () => {
    const line = progressLine({ ...SNAPSHOT, total: null, pauseMs: 12_000 })
    expect(line).toContain('Adjust is not ready, next try in 12 s')
  })

  it('makes no guess at the time while nothing goes out', () => {
    expect(timeLeftMs({ ...SNAPSHOT, requestsPerSecond: 0 })).toBeNull()
    expect(timeLeftMs({ ...SNAPSHOT, settled: 10_000 })).toBe(0)
  })
})

describe('progress at a terminal', () => {
  it('redraws one line with the newest state', () => {
    const { clock, written, progress } = start({ isTTY: true })
    progress.update(SNAPSHOT)
    progress.update({ ...SNAPSHOT, settled: 1_300 })
    clock.pass(200)
    expect(written).toEqual([CLEAR + progressLine({ ...SNAPSHOT, settled: 1_300 })])
  })

  it('draws a few times a second however often it is told', () => {
    const { clock, written, progress } = start({ isTTY: true })
    for (let ms = 0; ms < 1000; ms += 1) {
      progress.update({ ...SNAPSHOT, settled: ms })
      clock.pass(1)
    }
    expect(written.length).toBeLessThanOrEqual(5)
  })

  it.each([progressLine(SNAPSHOT).length, 80, 40, 20, 3])('never wraps at %i columns', (columns) => {
    const { clock, written, progress } = start({ isTTY: true, columns })
    progress.update(SNAPSHOT)
    clock.pass(200)
    expect(written[0]!.slice(CLEAR.length).length).toBeLessThan(columns)
  })

  it('takes its line away at the end, and leaves no timer', () => {
    const { clock, written, progress } = start({ isTTY: true })
    progress.update(SNAPSHOT)
    progress.stop()
    clock.pass(60_000)
    expect(written).toEqual([CLEAR])
    expect(clock.timers).toBe(0)
  })
})

describe('progress on a pipe', () => {
  it('is one log line every ten seconds, also when nothing moves', () => {
    const { clock, written, logged, progress } = start({ isTTY: false })
    progress.update(SNAPSHOT)
    clock.pass(9_999)
    expect(logged).toHaveLength(0)
    clock.pass(20_001)
    expect(logged).toHaveLength(3)
    expect(logged[0]).toMatchObject({
      record: { settled: 1_200, timeLeftS: 177 },
      message: progressLine(SNAPSHOT),
    })
    expect(written).toEqual([])
  })

  it('is silent before there is anything to say', () => {
    const { clock, logged } = start({ isTTY: false })
    clock.pass(30_000)
    expect(logged).toEqual([])
  })
})
