import { scaleLinear, scaleSymlog } from 'd3-scale'
import { count, counted, duration, instant } from '../page/format.ts'
import { type Html, html } from '../page/html.ts'
import type { PastRun } from '../report-data.ts'
import { bothWidths, label, legend, line, type Plot, rect, WIDTHS, type Width, yAxis } from './frame.ts'

const HEIGHT = 230
/** Above it what was read and delivered, below it how long it took. */
const MIDDLE = 150
const BOTTOM = HEIGHT - 26
/** A first run reads weeks and the next ones minutes: from there on even steps would hide all but the largest. */
const UNEVEN = 12

/** The last runs: what each read and delivered, how long it took, and what it told the scheduler where that was not 0. */
export function historyChart(runs: readonly PastRun[], runId: string): Html {
  const ended = runs.filter(({ read }) => read !== null)
  const description = `${counted(runs.length, 'run')} up to this one; ${count(ended.filter(({ exit_code }) => exit_code === 0).length)} ended with exit code 0.`
  const words = {
    id: 'history-chart',
    title: 'Rows read and delivered, and duration, of the last runs',
    description,
  }
  return html`${bothWidths(words, HEIGHT, (width) => drawing(runs, runId, width))}${legend([
    {
      kind: 'read',
      shape: 'box',
      text: `read${isUneven(runs.map(({ read }) => read)) ? ' (logarithmic steps)' : ''}`,
    },
    { kind: 'sent', shape: 'box', text: 'delivered' },
    {
      kind: 'took',
      shape: 'box',
      text: `duration (below${isUneven(runs.map(({ duration_s }) => duration_s)) ? ', logarithmic' : ''})`,
    },
  ])}`
}

function isUneven(values: readonly (number | null)[]): boolean {
  const sorted = values.map((value) => value ?? 0).toSorted((one, other) => one - other)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  return (sorted.at(-1) ?? 0) > UNEVEN * Math.max(1, median)
}

/** From nothing to the largest value, bottom to top. */
function scaleOf(values: readonly (number | null)[], { bottom, top }: Plot) {
  const domain = [0, mostOf(values)]
  return isUneven(values) ? scaleSymlog(domain, [bottom, top]) : scaleLinear(domain, [bottom, top])
}

function drawing(all: readonly PastRun[], runId: string, width: Width): Html {
  const runs = width === 'wide' ? all : all.slice(-15)
  const plot: Plot = {
    width: WIDTHS[width],
    height: HEIGHT,
    left: 66,
    right: WIDTHS[width] - 8,
    top: 22,
    bottom: MIDDLE,
  }
  const below: Plot = { ...plot, top: MIDDLE + 14, bottom: BOTTOM }
  const reads = runs.map(({ read }) => read)
  const seconds = runs.map(({ duration_s }) => duration_s)
  const y = scaleOf(reads, plot)
  const times = scaleOf(seconds, below)
  const step = Math.min((plot.right - plot.left) / runs.length, 60)
  return html`${yAxis(
    plot,
    countTicks(reads).map((value) => ({ y: y(value), text: count(value) })),
  )}${yAxis(
    below,
    timeTicks(seconds).map((value) => ({ y: times(value), text: duration(value) })),
  )}${runs.map((run, index) => {
    const left = plot.left + index * step + step * 0.1
    return [
      bars(run, left, step * 0.8, { plot, below, y, times }),
      mark(run, left + step * 0.4, plot),
      own(run, runId, left, step * 0.8),
    ]
  })}${startNames(runs, step, below)}`
}

function mostOf(values: readonly (number | null)[]): number {
  return Math.max(1, ...values.map((value) => value ?? 0))
}

function countTicks(reads: readonly (number | null)[]): number[] {
  const most = mostOf(reads)
  if (!isUneven(reads)) return scaleLinear([0, most], [0, 1]).ticks(4).filter(Number.isInteger)
  return [0, ...Array.from({ length: 9 }, (_, power) => 10 ** (power + 1)).filter((value) => value <= most)]
}

/** Times that people think in, in seconds. */
const ROUND_TIMES = [
  0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400,
]

/** There is room for two. */
function timeTicks(seconds: readonly (number | null)[]): number[] {
  return [0, ROUND_TIMES.findLast((time) => time <= mostOf(seconds))!]
}

interface Scales {
  plot: Plot
  below: Plot
  y: (value: number) => number
  times: (value: number) => number
}

function bars(
  { read, delivered, duration_s }: PastRun,
  left: number,
  width: number,
  { plot, below, y, times }: Scales,
): Html {
  const bar = (
    kind: string,
    value: number | null,
    scale: (value: number) => number,
    floor: number,
    inset = 0,
  ) =>
    value === null || value === 0
      ? null
      : rect(
          kind,
          left + inset,
          Math.min(scale(value), floor - 1),
          width - inset * 2,
          floor - Math.min(scale(value), floor - 1),
        )
  return html`${bar('read', read, y, plot.bottom)}${bar('sent', delivered, y, plot.bottom, width * 0.18)}${bar('took', duration_s, times, below.bottom)}`
}

/** What was not as it should be stands above the bar, so that it is found without reading the table. */
function mark({ exit_code: exitCode, state }: PastRun, x: number, { top }: Plot): Html | null {
  if (exitCode === 0) return null
  return label(
    'exit',
    x,
    top - 8,
    'middle',
    exitCode === null ? (state === 'running' ? '…' : '✕') : String(exitCode),
  )
}

function own({ run_id }: PastRun, runId: string, left: number, width: number): Html | null {
  return run_id === runId ? line('own', left, BOTTOM + 3, left + width, BOTTOM + 3) : null
}

/** When the first and the last of them started. */
function startNames(runs: readonly PastRun[], step: number, { left, bottom }: Plot): Html {
  const end = left + runs.length * step
  const name = (run: PastRun) => instant(run.started_at).slice(5, 16)
  const last =
    runs.length > 1 && end - left > 170 ? label('tick', end, bottom + 17, 'end', name(runs.at(-1)!)) : null
  return html`${line('axis', left, bottom, end, bottom)}${label('tick', left, bottom + 17, 'start', name(runs[0]!))}${last}`
}
