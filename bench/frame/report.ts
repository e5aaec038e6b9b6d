import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import type { Sample } from './benchmark.ts'
import type { Measured } from './rounds.ts'

/** `2 cores, Intel(R) Xeon(R), 8 GB, Linux 6.1, Node.js v26.10.0`. */
export function machine(): string {
  const memory = `${Math.round(totalmem() / 1e9)} GB`
  return `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, ${memory}, ${type()} ${release()}, Node.js ${process.version}`
}

/** A Markdown table of medians. The ratio is that of rows a second to the first line's. */
export function reportTable(measured: readonly Measured[]): string {
  const base = rowsPerSecond(measured[0]!.samples)
  const lines = measured.map(({ line, samples }) => [
    line.name,
    line.what,
    whole(rowsPerSecond(samples)),
    `± ${whole(spread(samples) * 50)} %`,
    (rowsPerSecond(samples) / base).toFixed(2),
    median(samples.map(({ cpuSeconds, rows }) => (cpuSeconds / rows) * 1e6)).toFixed(1),
    whole(median(samples.map(({ peakBytes }) => peakBytes / 1e6))),
    median(samples.map(({ firstSeconds }) => firstSeconds)).toFixed(2),
  ])
  const ratio = `× ${measured[0]!.line.name}`
  return markdown(
    ['benchmark', 'what', 'rows/s', 'spread', ratio, 'CPU µs/row', 'peak MB', 'first rows s'],
    lines,
  )
}

function rowsPerSecond(samples: readonly Sample[]): number {
  return median(samples.map(({ rows, seconds }) => rows / seconds))
}

/** From the slowest to the fastest round, as a part of the median. */
function spread(samples: readonly Sample[]): number {
  const speeds = samples.map(({ rows, seconds }) => rows / seconds)
  return (Math.max(...speeds) - Math.min(...speeds)) / median(speeds)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** The first two columns are words, the others numbers. */
function markdown(head: string[], lines: string[][]): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => line[column]!.length)),
  )
  const row = (cells: string[]) =>
    `| ${cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column < 2 ? `${'-'.repeat(width + 2)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [row(head), rule, ...lines.map(row)].join('\n')
}
