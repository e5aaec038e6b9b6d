import type { Random } from '../../../../src/domain/clock.ts'
import { seededRandom } from '../../../../src/simulator/prng.ts'

/** What two engines may sort, compare, trim or escape differently. */
const TEXTS = [
  "it's",
  'a "b" `c`',
  'back\\slash \\n',
  'two\nlines',
  'tab\tbed',
  'Ärger mit Ünïcode',
  '～',
  '😀',
  'B',
  'b',
  '',
  ' ',
  '100%',
  '@now {{source}} $1 -- /* */',
] as const

/** How often a value that may be NULL is. */
const NULL_SHARE = 0.15

/** Choices that a seed settles, the same ones on every machine. */
export class Draw {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1))
  }

  chance(share: number): boolean {
    return this.#random() < share
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.between(0, values.length - 1)]!
  }

  /** Each with this chance, in their order. */
  some<T>(values: readonly T[], share: number): T[] {
    return values.filter(() => this.chance(share))
  }

  orNull<T>(value: T, nullShare = NULL_SHARE): T | null {
    return this.chance(nullShare) ? null : value
  }

  text(): string {
    return this.oneOf(TEXTS)
  }

  hex(length: number): string {
    return Array.from({ length }, () => this.between(0, 15).toString(16)).join('')
  }

  uuid(): string {
    return [8, 4, 4, 4, 12].map((length) => this.hex(length)).join('-')
  }

  /** Decimal text that a NUMERIC column takes: negative, zero, nine digits after the point, more digits than a float has. */
  decimal(): string {
    const whole = this.oneOf(['0', '0', '7', '12', '999', '99999999999', '123456789012345678'])
    const fraction = this.oneOf(['', '', '5', '50', '000', '000000001', '123456789', '999999999'])
    return `${this.chance(0.1) ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
  }

  list<T>(length: number, make: (index: number) => T): T[] {
    return Array.from({ length }, (_, index) => make(index))
  }
}
