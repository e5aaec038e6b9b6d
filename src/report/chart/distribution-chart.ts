import { scaleLinear } from 'd3-scale'
import { count } from '../page/format.ts'
import { type Html, html } from '../page/html.ts'
import type { Distribution } from '../report-data.ts'
import {
  type ChartWords,
  label,
  line,
  narrowOnly,
  type Plot,
  rect,
  WIDTHS,
  type Width,
  yAxis,
} from './frame.ts'

const HEIGHT = 200
/** Room for the names of the percentiles above the bars. */
const TOP = 44
/** A name below needs so many units. */
const NAME_WIDTH = 46

export interface DistributionChart extends Omit<ChartWords, 'description'> {
  distribution: Distribution
  /** The unit of an edge, for people. */
  name: (value: number) => string
}

/** How many events took how long, in bars of equal width over steps that grow, with the percentiles where they lie. */
export function distributionChart({ distribution, name, ...words }: DistributionChart): Html {
  const { events, p50, p90, p99, max } = distribution
  const description = `${count(events)} events: half within ${name(p50)}, 90 percent within ${name(p90)}, 99 percent within ${name(p99)}, the slowest ${name(max)}.`
  return narrowOnly({ ...words, description }, HEIGHT, (width) => drawing(distribution, name, width))
}

function drawing(distribution: Distribution, name: (value: number) => string, width: Width): Html {
  const { bins } = distribution
  const plot: Plot = {
    width: WIDTHS[width],
    height: HEIGHT,
    left: 60,
    right: WIDTHS[width] - 14,
    top: TOP,
    bottom: HEIGHT - 26,
  }
  const y = scaleLinear([0, Math.max(...bins.map(({ events }) => events))], [plot.bottom, plot.top])
  const step = Math.min((plot.right - plot.left) / bins.length, 90)
  const left = (index: number) => plot.left + index * step
  const ticks = y.ticks(4).filter(Number.isInteger)
  return html`${yAxis(
    plot,
    ticks.map((value) => ({ y: y(value), text: count(value) })),
  )}${bins.map(({ events }, index) =>
    // One event among a million still is one.
    events === 0
      ? null
      : rect(
          'bar',
          left(index) + 1,
          Math.min(y(events), plot.bottom - 1),
          step - 2,
          Math.max(1, plot.bottom - y(events)),
        ),
  )}${line('axis', plot.left, plot.bottom, plot.right, plot.bottom)}${edgeNames(bins, name, left, step, plot)}${percentileMarks(distribution, left, step, plot)}`
}

type Place = (index: number) => number

/** Each edge under the line between two bars; as many as there is room for. */
function edgeNames(
  bins: Distribution['bins'],
  name: (value: number) => string,
  left: Place,
  step: number,
  plot: Plot,
): Html {
  const every = Math.ceil(NAME_WIDTH / step)
  const edges = [...bins.map(({ from }) => from), bins.at(-1)!.to]
  return html`${edges.map((edge, index) =>
    edge === null || index % every !== 0
      ? null
      : [
          line('axis', left(index), plot.bottom, left(index), plot.bottom + 4),
          label('tick', left(index), plot.bottom + 17, 'middle', name(edge)),
        ],
  )}`
}

/** One name a row, the highest on top: next to each other they would lie on one another. */
function percentileMarks({ bins, p50, p90, p99 }: Distribution, left: Place, step: number, plot: Plot): Html {
  const places = [
    ['p50', p50],
    ['p90', p90],
    ['p99', p99],
  ] as const
  const marks = places.map(([title, value]) => ({ title, x: placeOf(value, bins, left, step) }))
  return html`${marks.map(({ title, x }, index) => {
    const y = TOP - 9 - index * 12
    return [line('percentile', x, y + 3, x, plot.bottom), label('percentile-name', x, y, 'middle', title)]
  })}`
}

function placeOf(value: number, bins: Distribution['bins'], left: Place, step: number): number {
  const index = bins.findIndex(({ to }) => to === null || value < to)
  const { from, to } = bins[index]!
  const part = from === null || to === null ? 0.5 : (value - from) / (to - from)
  return left(index) + part * step
}
