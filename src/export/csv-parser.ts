import { TerminalError } from '../domain/errors.ts'

export interface CsvRecord {
  /** Where it begins, from 1. */
  line: number
  fields: string[]
}

/**
 * The largest field that is taken: Adjust takes no request of more than 1 MB. A quote that is never closed would otherwise read the
 * rest of a file of gigabytes into memory.
 */
const FIELD_CHARACTERS_MAX = 1024 * 1024

const [QUOTE, COMMA, LF, CR] = [0x22, 0x2c, 0x0a, 0x0d]

/** `quote`: after a quote inside a quoted field, which ends it or is the first of two. `cr`: after a CR, which only LF may follow. */
type State = 'start' | 'plain' | 'quoted' | 'quote' | 'cr'

/**
 * Cuts CSV text into records (RFC 4180), whatever the pieces in which it comes. Strict: what only a lenient reader would understand is
 * a TerminalError that names the line, for a guess may join two rows into one.
 */
export class CsvParser {
  readonly #name: string
  #state: State = 'start'
  #line = 1
  #recordLine = 1
  /** Of the field that is being read: what earlier pieces of text, or the part before a doubled quote, gave of it. */
  #field = ''
  #wasQuoted = false
  #isEmptyLine = true
  #fields: string[] = []
  #records: CsvRecord[] = []

  constructor(name: string) {
    this.#name = name
  }

  /** Takes the next piece of the text and answers the records that it completes. */
  push(text: string): CsvRecord[] {
    let from = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === LF) this.#line++
      switch (this.#state) {
        case 'quoted':
          if (code !== QUOTE) break
          this.#keep(text, from, at)
          this.#state = 'quote'
          break
        case 'quote':
          if (code === QUOTE) {
            from = at
            this.#state = 'quoted'
          } else this.#delimit(code)
          break
        case 'cr':
          this.#delimit(code)
          break
        case 'start':
          from = at
          if (code === QUOTE) {
            from = at + 1
            this.#wasQuoted = true
            this.#state = 'quoted'
          } else if (isDelimiter(code)) this.#delimit(code)
          else this.#state = 'plain'
          break
        case 'plain':
          if (code === QUOTE) throw this.#fault('a quote inside a field that does not begin with one')
          if (!isDelimiter(code)) break
          this.#keep(text, from, at)
          this.#delimit(code)
      }
    }
    if (this.#state === 'plain' || this.#state === 'quoted') this.#keep(text, from, text.length)
    return this.#take()
  }

  /** The text is at its end: answers the last record if no new line closed it. */
  end(): CsvRecord[] {
    if (this.#state === 'quoted')
      throw this.#fault('the text ends inside quotes', `the record begins on line ${this.#recordLine}`)
    if (this.#state === 'cr') throw this.#fault(LONE_CR)
    this.#endRecord()
    return this.#take()
  }

  /** What follows a field: a comma, or the end of the record. */
  #delimit(code: number): void {
    if (this.#state === 'cr' && code !== LF) throw this.#fault(LONE_CR)
    if (code === CR) {
      this.#state = 'cr'
      return
    }
    if (code === COMMA) this.#endField()
    else if (code === LF) this.#endRecord()
    else throw this.#fault('text after a closing quote')
    this.#state = 'start'
  }

  #keep(text: string, from: number, to: number): void {
    this.#field += text.slice(from, to)
    if (this.#field.length <= FIELD_CHARACTERS_MAX) return
    throw this.#fault(
      'a field of more than a million characters',
      `the record begins on line ${this.#recordLine}: is a quote in it not closed?`,
    )
  }

  #endField(): void {
    this.#fields.push(this.#field)
    this.#field = ''
    this.#wasQuoted = false
    this.#isEmptyLine = false
  }

  #endRecord(): void {
    const isBlank = this.#isEmptyLine && this.#field === '' && !this.#wasQuoted
    if (!isBlank) {
      this.#endField()
      this.#records.push({ line: this.#recordLine, fields: this.#fields })
      this.#fields = []
    }
    this.#isEmptyLine = true
    this.#recordLine = this.#line
  }

  #take(): CsvRecord[] {
    const records = this.#records
    this.#records = []
    return records
  }

  #fault(
    what: string,
    where = 'a comma, a quote or a new line in a field needs quotes around the field',
  ): TerminalError {
    return new TerminalError(`${this.#name}, line ${this.#line}: ${what}`, {
      hint: `${where.charAt(0).toUpperCase()}${where.slice(1)}.`,
    })
  }
}

const LONE_CR = 'a carriage return without a new line'

function isDelimiter(code: number): boolean {
  return code === COMMA || code === LF || code === CR
}
