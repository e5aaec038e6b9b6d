import { scaleLinear, scaleUtc } from 'd3-scale'
import { count } from '../page/format.ts'
import { type Html, html } from '../page/html.ts'
import type { Sending } from '../report-data.ts'
import {
  at,
  bothWidths,
  label,
  legend,
  line,
  type Plot,
  rect,
  WIDTHS,
  type Width,
  xAxis,
  yAxis,
} from './frame.ts'

const HEIGHT = 220
/** A limit that is so much higher than what was sent would press the rest to the floor. */
const SHOWN_LIMIT_FACTOR = 4

/** Requests per second over the time of the run, the busiest second of each span, and the answers, against the limit. */
export function sendingChart(sending: Sending): Html {
  const { limit_per_s: limit, busiest_second: busiest, span_s: spanS, sent } = sending
  const description =
    `${count(sent)} requests from ${sending.spans[0]!.at} on. The busiest second had ${count(busiest.requests)} requests ` +
    `(${busiest.at}); allowed are ${count(limit)} per second.`
  const words = { id: 'sending-chart', title: 'Requests and answers per second', description }
  const shape = spanS === 1 ? 'in each second' : `per second, on average over ${spanName(spanS)}`
  return html`${bothWidths(words, HEIGHT, (width) => drawing(sending, width))}${legend([
    { kind: 'sent', shape: 'box', text: `requests ${shape}` },
    { kind: 'busiest', shape: 'line', text: 'busiest second that begins there' },
    { kind: 'answers', shape: 'line', text: 'answers' },
    ...(showsLimit(sending)
      ? [{ kind: 'limit', shape: 'line' as const, text: `limit: ${count(limit)}` }]
      : []),
  ])}`
}

export function spanName(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  return seconds < 3600 ? `${seconds / 60} min` : `${seconds / 3600} h`
}

function showsLimit({ limit_per_s, busiest_second }: Sending): boolean {
  return limit_per_s <= busiest_second.requests * SHOWN_LIMIT_FACTOR
}

function drawing(sending: Sending, width: Width): Html {
  const { spans, span_s: spanS, limit_per_s: limit } = sending
  const plot: Plot = {
    width: WIDTHS[width],
    height: HEIGHT,
    left: 44,
    right: WIDTHS[width] - 8,
    top: 12,
    bottom: HEIGHT - 26,
  }
  const most = Math.max(
    ...spans.flatMap(({ busiest_second, answered }) => [busiest_second, answered / spanS]),
  )
  const y = scaleLinear(
    [0, Math.max(most, showsLimit(sending) ? limit : 0, 1) * 1.08],
    [plot.bottom, plot.top],
  )
  const fromMs = Date.parse(spans[0]!.at)
  const x = scaleUtc([fromMs, fromMs + spans.length * spanS * 1000], [plot.left, plot.right])
  const step = (plot.right - plot.left) / spans.length
  const gap = step > 4 ? 1 : 0
  const left = (index: number) => plot.left + index * step
  return html`${yAxis(plot, wholeTicks(y))}${spans.map(({ sent }, index) => {
    const top = y(sent / spanS)
    return sent === 0 ? null : rect('sent', left(index), top, step - gap, plot.bottom - top)
  })}${spans.map(({ busiest_second: busiest }, index) =>
    busiest === 0 ? null : line('busiest', left(index), y(busiest), left(index) + step - gap, y(busiest)),
  )}<path class="answers" d="${steps(
    spans.map(({ answered }, index) => [left(index), y(answered / spanS)]),
    step,
  )}"/>${
    showsLimit(sending)
      ? [
          line('limit', plot.left, y(limit), plot.right, y(limit)),
          label('tick', plot.right, y(limit) - 4, 'end', `limit ${count(limit)}`),
        ]
      : null
  }${xAxis(plot, timeTicks(x, width, spans.length * spanS))}`
}

/** A line that keeps its height over each span, from its left end on. */
function steps(points: readonly (readonly [x: number, y: number])[], step: number): string {
  const moves = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${at(x)} ${at(y)}H${at(x + step)}`)
  return moves.join('')
}

/** Half a request is nothing. */
function wholeTicks(y: ReturnType<typeof scaleLinear<number>>): { y: number; text: string }[] {
  return y
    .ticks(5)
    .filter(Number.isInteger)
    .map((value) => ({ y: y(value), text: count(value) }))
}

/** So many seconds are more than one day of the clock. */
const LONG_S = 36 * 3600

function timeTicks(
  x: ReturnType<typeof scaleUtc<number>>,
  width: Width,
  seconds: number,
): { x: number; text: string }[] {
  const specifier = seconds > LONG_S ? '%m-%d %H:%M' : seconds > 600 ? '%H:%M' : '%H:%M:%S'
  const format = x.tickFormat(1, specifier)
  const ticks = x.ticks(width === 'wide' ? 7 : 3).filter((tick) => tick.getTime() % 1000 === 0)
  return ticks.map((tick) => ({ x: x(tick), text: format(tick) }))
}
