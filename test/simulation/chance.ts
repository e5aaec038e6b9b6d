import type { Random } from '../../src/domain/clock.ts'
import { seededRandom } from '../../src/simulator/prng.ts'

/** Everything that is left to chance in a simulation, from one seed. */
export class Chance {
  readonly random: Random

  constructor(seed: number) {
    this.random = seededRandom(seed)
    // Neighbouring seeds begin alike.
    for (let round = 0; round < 4; round++) this.random()
  }

  /** A chance of its own: what is drawn there does not shift what is drawn here. */
  branch(): Chance {
    return new Chance(Math.floor(this.random() * 4_294_967_296))
  }

  happens(probability: number): boolean {
    return this.random() < probability
  }

  /** Both ends included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1))
  }

  between(from: number, to: number): number {
    return from + this.random() * (to - from)
  }

  /** Small numbers as often as large ones: each doubling is as likely as the next. */
  scaled(from: number, to: number): number {
    return Math.round(from * (to / from) ** this.random())
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)]!
  }
}
