/** Text that is HTML already. Nothing else is: whatever comes as a plain string is escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

/** What may stand between the tags. Lists are joined; null and false are nothing. */
export type Content = Html | string | number | null | false | readonly Content[]

/**
 * A piece of the page: html`<td class="${kind}">${transactionId}</td>`. Every value is escaped, in attributes too as long as they are
 * quoted, so that an id which looks like a tag is shown as what it is.
 */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  const parts = strings.map((string, index) => string + (index < values.length ? render(values[index]!) : ''))
  return new Html(parts.join(''))
}

function render(content: Content): string {
  if (content === null || content === false) return ''
  if (content instanceof Html) return content.text
  if (typeof content === 'number') return String(content)
  if (typeof content === 'string') return escaped(content)
  return content.map(render).join('')
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** What a text may hold that would not be seen, or would make the rest look like something else: it is shown as a placeholder. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

function escaped(text: string): string {
  const visible = text.toWellFormed().replace(INVISIBLE, '\ufffd')
  return visible.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}
