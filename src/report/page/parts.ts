import { excerpt } from './format.ts'
import { type Content, type Html, html } from './html.ts'

/** Ids are user data: long ones break, and none of them spreads over the page. */
const SHOWN_ID_CHARACTERS = 120

/** An id or a token, in letters of equal width. */
export function code(text: string): Html {
  return html`<code>${excerpt(text, SHOWN_ID_CHARACTERS)}</code>`
}

/** A command: people paste it, so nothing of it is left out or changed. */
export function wholeCode(text: string): Html {
  return html`<code class="whole">${text}</code>`
}

/** Our own codes are shorter; what stands in their place in the table of somebody else may be anything. */
const SHOWN_WORD_CHARACTERS = 40

/** A code of our own, such as a reason. */
export function word(text: string): Html {
  return html`<code>${excerpt(text, SHOWN_WORD_CHARACTERS)}</code>`
}

/** A sentence in which commands stand between backticks. */
export function prose(text: string): Html {
  const parts = text.split('`')
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`
}

export interface Column {
  title: string
  /** Numbers stand on the right, words keep to one line, codes and ids may break, and asides are left out where there is no room. */
  kind?: 'number' | 'word' | 'code' | 'id' | 'aside'
}

/**
 * A table. On a narrow screen each row becomes a block, and each cell names its column; one with an aside stays a table without it.
 * `title` says what it is for those who cannot see what stands above it.
 */
export function table(
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Html {
  const head = columns.map((column) => html`<th scope="col"${classOf(column)}>${column.title}</th>`)
  const body = rows.map(
    (cells) => html`<tr>${cells.map((cell, index) => tableCell(columns[index]!, cell, index))}</tr>`,
  )
  const isCompact = columns.some(({ kind }) => kind === 'aside')
  return html`<table${isCompact && html` class="compact"`}><caption class="unseen">${title}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`
}

function tableCell(column: Column, cell: Content, index: number): Html {
  if (index === 0) return html`<th scope="row"${classOf(column)}>${cell}</th>`
  return html`<td data-column="${column.title}"${classOf(column)}><span>${cell}</span></td>`
}

function classOf({ kind }: Column): Html | null {
  return kind === undefined ? null : html` class="${kind}"`
}

/** A chapter of the page. */
export function section(id: string, title: string, content: Content): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`
}

/** What is there for those who want it. */
export function details(summary: string, content: Content): Html {
  return html`<details><summary>${summary}</summary>${content}</details>`
}
