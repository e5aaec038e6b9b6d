import type { Random } from '../../src/domain/clock.ts'

/** Uniform in [from, to). */
export function between(random: Random, from: number, to: number): number {
  return from + random() * (to - from)
}

/** A whole number, both ends included. */
export function whole(random: Random, from: number, to: number): number {
  return Math.floor(between(random, from, to + 1))
}

/** Uniform on a logarithmic scale: small values are drawn as often as large ones. */
export function logarithmic(random: Random, from: number, to: number): number {
  return Math.exp(between(random, Math.log(from), Math.log(to)))
}

export function oneOf<const T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)]!
}

/** One of the keys, each as often as its share says; a share of 0 is never drawn. */
export function weighted<Name extends string>(random: Random, shares: Readonly<Record<Name, number>>): Name {
  const entries = Object.entries(shares) as [Name, number][]
  let left = random() * entries.reduce((sum, [, share]) => sum + share, 0)
  for (const [name, share] of entries) {
    left -= share
    if (left < 0) return name
  }
  return entries.findLast(([, share]) => share > 0)![0]
}
