/**
 * What transaction ids are made of, as far as an export may change it: one that drops leading zeros, cuts long ones or escapes a plus
 * sign has the event and not its id. An id is looked for in vain with confidence only if ids like it came back.
 */
export class IdShapes {
  #longest = 0
  #classes = new Set<string>()

  /** The export has brought this id back as it was sent. */
  add(id: string): void {
    this.#longest = Math.max(this.#longest, id.length)
    for (const found of classesOf(id)) this.#classes.add(found)
  }

  /** Whether ids as long and of the same characters came back. */
  has(id: string): boolean {
    if (id.length > this.#longest) return false
    for (const found of classesOf(id)) if (!this.#classes.has(found)) return false
    return true
  }
}

function* classesOf(id: string): Iterable<string> {
  if (/^0\d*$/.test(id)) yield 'number with leading zero'
  if (/^\s|\s$/.test(id)) yield 'white space at an end'
  for (const character of id) {
    if (character >= '0' && character <= '9') yield 'digit'
    else if (character >= 'a' && character <= 'z') yield 'lower case'
    else if (character >= 'A' && character <= 'Z') yield 'upper case'
    else yield character
  }
}
