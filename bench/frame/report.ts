import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import type { BenchTable, Measured } from './benchmark.ts'

/** `2 cores, Intel(R) Xeon(R), 8 GB, Linux 6.1, Node.js v26.10.0`. */
export function machine(): string {
  const memory = `${Math.round(totalmem() / 1e9)} GB`
  return `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, ${memory}, ${type()} ${release()}, Node.js ${process.version}`
}

/** A Markdown table of medians. */
export function reportTable({ columns, footer }: BenchTable, measured: readonly Measured[]): string {
  const table = markdown(columns.map((column) => column(measured)))
  return footer === undefined ? table : `${table}\n\n${footer(measured)}`
}

/** Words begin at the left, numbers end at the right. */
function markdown(columns: readonly { head: string; cells: string[]; words?: boolean }[]): string {
  const padded = columns.map(({ head, cells, words = false }) => {
    const width = Math.max(...[head, ...cells].map((cell) => cell.length))
    const pad = (cell: string) => (words ? cell.padEnd(width) : cell.padStart(width))
    const rule = words ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`
    return { rule, cells: [head, ...cells].map(pad) }
  })
  const row = (index: number) => `| ${padded.map(({ cells }) => cells[index]).join(' | ')} |`
  const [head, ...lines] = Array.from({ length: padded[0]!.cells.length }, (_, index) => row(index))
  return [head, `|${padded.map(({ rule }) => rule).join('|')}|`, ...lines].join('\n')
}
