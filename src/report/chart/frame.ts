import { type Content, type Html, html } from '../page/html.ts'

/** A chart is drawn once for a page and once for a phone: scaled down, its letters could not be read. */
export const WIDTHS = { wide: 920, narrow: 328 } as const
export type Width = keyof typeof WIDTHS

/** The room between the axes, in units of the drawing. */
export interface Plot {
  width: number
  height: number
  left: number
  right: number
  top: number
  bottom: number
}

export interface ChartWords {
  /** Unique on the page. */
  id: string
  title: string
  /** What it shows, in a sentence: read out instead of the picture. */
  description: string
}

/** A chart that is no wider than a phone wherever it stands. */
export function narrowOnly(words: ChartWords, height: number, draw: (width: Width) => Content): Html {
  return svg(words, 'narrow', height, draw('narrow'))
}

/** Both drawings of a chart; the style sheet shows the one that fits. */
export function bothWidths(words: ChartWords, height: number, draw: (width: Width) => Content): Html {
  return html`${(['wide', 'narrow'] as const).map((width) => svg(words, width, height, draw(width)))}`
}

function svg({ id, title, description }: ChartWords, width: Width, height: number, content: Content): Html {
  const [titleId, descriptionId] = [`${id}-${width}-title`, `${id}-${width}-description`]
  return html`<svg class="chart ${width}" viewBox="0 0 ${WIDTHS[width]} ${height}" width="${WIDTHS[width]}" height="${height}" role="img" aria-labelledby="${titleId} ${descriptionId}"><title id="${titleId}">${title}</title><desc id="${descriptionId}">${description}</desc>${content}</svg>`
}

/** A coordinate: a tenth of a unit is finer than any screen. */
export function at(coordinate: number): string {
  return String(Math.round(coordinate * 10) / 10)
}

export function rect(kind: string, x: number, y: number, width: number, height: number): Html {
  return html`<rect class="${kind}" x="${at(x)}" y="${at(y)}" width="${at(Math.max(0, width))}" height="${at(Math.max(0, height))}"/>`
}

export function line(kind: string, x1: number, y1: number, x2: number, y2: number): Html {
  return html`<line class="${kind}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`
}

/** Text at a point, at rest on its line. */
export function label(
  kind: string,
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end',
  text: string,
): Html {
  return html`<text class="${kind}" x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${text}</text>`
}

/** Grid lines with their numbers on the left. */
export function yAxis(plot: Plot, ticks: readonly { y: number; text: string }[]): Html {
  return html`${ticks.map(({ y, text }) => [
    line('grid', plot.left, y, plot.right, y),
    label('tick', plot.left - 6, y + 4, 'end', text),
  ])}`
}

/** Names below, without those that would lie on one another. */
export function xAxis(plot: Plot, ticks: readonly { x: number; text: string }[]): Html {
  return html`${line('axis', plot.left, plot.bottom, plot.right, plot.bottom)}${ticks.map(({ x, text }) => [
    line('axis', x, plot.bottom, x, plot.bottom + 4),
    label('tick', x, plot.bottom + 17, anchorIn(plot, x, text), text),
  ])}`
}

/** Names at the ends stay in the picture. */
function anchorIn({ left, right, width }: Plot, x: number, text: string): 'start' | 'middle' | 'end' {
  const half = (text.length * 6.5) / 2
  if (x + half > width) return x >= right - 1 ? 'end' : 'middle'
  return x - half < 0 && x <= left + 1 ? 'start' : 'middle'
}

/** What each mark of a chart is: drawn as it is drawn in it. */
export function legend(entries: readonly { kind: string; shape: 'box' | 'line'; text: string }[]): Html {
  const items = entries.map(({ kind, shape, text }) => {
    const mark = shape === 'box' ? rect(kind, 1, 2, 12, 10) : line(kind, 0, 7, 14, 7)
    return html`<li><svg width="14" height="14" aria-hidden="true">${mark}</svg>${text}</li>`
  })
  return html`<ul class="legend">${items}</ul>`
}
