import { Queue } from '../../src/load/queue.ts'
import type { SinkStatistics } from './sink.ts'

const WINDOW_MS = 1_000

/** What a sink sees of its senders. Times are monotonic milliseconds. */
export class Arrivals {
  readonly #lastSecond = new Queue<number>()
  #requests = 0
  #firstMs = 0
  #lastArrivalMs = 0
  #inFlight = 0
  #peakInFlight = 0
  #busiestSecond = 0
  /** Milliseconds × requests in flight, up to the last change. */
  #area = 0
  #lastChangeMs = 0

  arrived(nowMs: number): void {
    if (this.#requests === 0) this.#firstMs = nowMs
    this.#changed(nowMs, 1)
    this.#requests++
    this.#lastArrivalMs = nowMs
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight)
    this.#lastSecond.push(nowMs)
    while (this.#lastSecond.peek()! <= nowMs - WINDOW_MS) this.#lastSecond.shift()
    this.#busiestSecond = Math.max(this.#busiestSecond, this.#lastSecond.length)
  }

  answered(nowMs: number): void {
    this.#changed(nowMs, -1)
  }

  /** Begins anew. */
  take(): SinkStatistics {
    const wholeMs = this.#lastChangeMs - this.#firstMs
    const statistics = {
      requests: this.#requests,
      seconds: (this.#lastArrivalMs - this.#firstMs) / 1000,
      meanInFlight: wholeMs === 0 ? 0 : this.#area / wholeMs,
      peakInFlight: this.#peakInFlight,
      busiestSecond: this.#busiestSecond,
    }
    this.#requests = 0
    this.#peakInFlight = 0
    this.#busiestSecond = 0
    this.#area = 0
    while (this.#lastSecond.shift() !== undefined);
    return statistics
  }

  #changed(nowMs: number, by: 1 | -1): void {
    if (this.#requests > 0) this.#area += this.#inFlight * (nowMs - this.#lastChangeMs)
    this.#lastChangeMs = nowMs
    this.#inFlight += by
  }
}
