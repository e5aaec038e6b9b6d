import type { Column, Measured, Sample } from './benchmark.ts'
import { medianOf } from './median.ts'

/** A column whose head is the same for all tables. */
export function column(head: string, cell: (one: Measured, all: readonly Measured[]) => string): Column {
  return (measured) => ({ head, cells: measured.map((one) => cell(one, measured)) })
}

/** Of the rounds, the one in the middle. */
export function figure(head: string, value: (sample: Sample) => number, digits = 0): Column {
  return column(head, (one) => decimal(medianOf(one, value), digits))
}

export const name: Column = (measured) => ({
  head: 'benchmark',
  cells: measured.map(({ line }) => line.name),
  words: true,
})
export const what: Column = (measured) => ({
  head: 'what',
  cells: measured.map(({ line }) => line.what),
  words: true,
})

export const perSecond = (unit: string) => figure(`${unit}s/s`, speed)

/** Half the way from the slowest to the fastest round, as a part of the median; one round alone has none. */
export const spread = column('spread', (one) => {
  if (one.samples.length === 1) return '–'
  const speeds = one.samples.map(speed)
  const way = Math.max(...speeds) - Math.min(...speeds)
  return `± ${decimal((way / medianOf(one, speed)) * 50, 0)} %`
})

/** Rows a second beside those of the first line. */
export const ratioToFirst: Column = (measured) => ratio(measured, measured[0])

/** The same beside a line by name; empty when that one is not measured. */
export function ratioTo(name: string): Column {
  return (measured) => ({
    ...ratio(
      measured,
      measured.find(({ line }) => line.name === name),
    ),
    head: `× ${name}`,
  })
}

function ratio(measured: readonly Measured[], base: Measured | undefined) {
  const cell = (one: Measured) => (base ? decimal(medianOf(one, speed) / medianOf(base, speed), 2) : '')
  return { head: `× ${base?.line.name}`, cells: measured.map(cell) }
}

export const cpuMicros = (unit: string) =>
  figure(`CPU µs/${unit}`, ({ cpuSeconds, rows }) => (cpuSeconds / rows) * 1e6, 1)
export const peakMb = figure('peak MB', ({ peakBytes }) => peakBytes / 1e6)
export const firstSeconds = figure('first rows s', (sample) => sample.firstSeconds, 2)

export function speed({ rows, seconds }: Sample): number {
  return rows / seconds
}

export function decimal(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
