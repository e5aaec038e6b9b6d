import { type InspectColor, stripVTControlCharacters, styleText } from 'node:util'
import { groupedDigits } from '../domain/grouped-digits.ts'
import { shellWord } from '../domain/shell-word.ts'

/** 1234567 as `1,234,567`. */
export function formatCount(count: number): string {
  return groupedDigits(count)
}

/** Milliseconds for people: `0.8 s`, `42 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 9_950) return `${(Math.max(0, durationMs) / 1000).toFixed(1)} s`
  const seconds = Math.round(durationMs / 1000)
  const parts = [
    { unit: 'd', count: Math.floor(seconds / 86_400) },
    { unit: 'h', count: Math.floor(seconds / 3600) % 24 },
    { unit: 'min', count: Math.floor(seconds / 60) % 60 },
    { unit: 's', count: seconds % 60 },
  ]
  const first = parts.findIndex(({ count }) => count > 0)
  const shown = parts.slice(first, first + 2).filter(({ count }) => count > 0)
  return shown.map(({ unit, count }) => `${count} ${unit}`).join(' ')
}

/** Epoch milliseconds as `2026-02-28 13:30:00 UTC`, with the milliseconds when there are some. */
export function formatInstant(epochMs: number): string {
  return `${new Date(epochMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/(\.000)?Z$/, '')} UTC`
}

/** Colour for a terminal; plain on a pipe and with NO_COLOR. */
export function colour(
  style: InspectColor | InspectColor[],
  text: string,
  stream: NodeJS.WritableStream,
): string {
  return styleText(style, text, { stream })
}

/** Text of somebody else's on one line: control characters would move the cursor, or worse. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
}

/** A command as the reader can type it in the project folder. An id of somebody else's in it goes through `shellWord` first. */
export function commandLine(words: string, config: string | undefined): string {
  return `npx adjust-s2s ${words}${config === undefined ? '' : ` --config ${shellWord(config)}`}`
}

/** For `plan` and `run` with a `--from` that steps over work. */
export const LEAVES_EARLIER =
  'Rows before --from are not settled yet. Those of devices and tokens that this window delivers become late, for good: deliver older windows first.'

/** A column of text is aligned to the left, one of numbers to the right. */
export type Cell = string | number | null

const cellText = (cell: Cell) => (cell === null ? '–' : typeof cell === 'number' ? formatCount(cell) : cell)
const width = (text: string) => [...stripVTControlCharacters(text)].length

export interface TableOptions {
  header?: string[]
  /** Spaces in front of each line. */
  indent?: number
  /** So wide is the terminal; undefined where nothing is wrapped, such as on a pipe. */
  columns?: number | undefined
  /** Columns by their header that are left out, one after the other, until the table fits into `columns`. */
  droppable?: readonly string[]
}

/**
 * An aligned table, lines joined by new lines, none at the end. Cells may carry colours; null is shown as `–`. Where the terminal's width
 * is known, columns are left out that may be, and the last one is wrapped in its own place if it is of text.
 */
export function formatTable(rows: Cell[][], options: TableOptions = {}): string {
  const { header, indent = 0, droppable = [] } = options
  const columns = knownWidth(options.columns)
  const lines = [...(header ? [header] : []), ...rows.map((row) => row.map(cellText))]
  const widths = widthsOf(lines)
  const [dropped, ...others] = droppable
  if (header && dropped !== undefined && indent + totalOf(widths) > columns) {
    const without = <T>(cells: T[]) => cells.toSpliced(header.indexOf(dropped), 1)
    return formatTable(rows.map(without), { ...options, header: without(header), droppable: others })
  }
  const isNumeric = widths.map((_, i) => rows.some((row) => typeof row[i] === 'number'))
  const pad = (text: string, i: number) => {
    const space = ' '.repeat(widths[i]! - width(text))
    return isNumeric[i] ? space + text : text + space
  }
  return lines
    .map((line) => {
      const cells = line.map(pad)
      const front = cells.slice(0, -1).map((cell) => cell + ' '.repeat(GAP))
      return hang(' '.repeat(indent) + front.join(''), cells.at(-1) ?? '', columns)
    })
    .join('\n')
}

const GAP = 2
/** Narrower text is hard to read: it stands below then. */
const LEAST_COLUMNS = 32

/** A terminal that does not know its width says 0. */
function knownWidth(columns: number | undefined): number {
  return columns || Number.POSITIVE_INFINITY
}

function widthsOf(lines: string[][]): number[] {
  const columns = Math.max(0, ...lines.map((line) => line.length))
  return Array.from({ length: columns }, (_, i) => Math.max(...lines.map((line) => width(line[i] ?? ''))))
}

const totalOf = (widths: readonly number[]) =>
  widths.reduce((sum, each) => sum + each, 0) + GAP * Math.max(0, widths.length - 1)

/** Text behind what stands in front of it, wrapped in its own place; where that leaves it no room, below. */
function hang(front: string, text: string, columns: number): string {
  const start = width(front)
  if (start + width(text.trimEnd()) <= columns) return `${front}${text}`.trimEnd()
  const indent = start + LEAST_COLUMNS <= columns ? start : 4
  const lines = wrapWords(text.trimEnd(), columns - indent)
  const broken = lines.join(`\n${' '.repeat(indent)}`)
  return indent === start ? front + broken : `${front.trimEnd()}\n${' '.repeat(indent)}${broken}`
}

/** Lines of at most so many columns. A word that is longer stays whole, so that it can be copied. */
function wrapWords(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`
    if (lines.length === 0 || width(longer) > columns) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines
}

/** A sentence, indented and wrapped where the terminal's width is known. */
export function paragraph(
  text: string,
  { indent = 0, columns }: Pick<TableOptions, 'indent' | 'columns'>,
): string {
  return hang(' '.repeat(indent), text, knownWidth(columns))
}
