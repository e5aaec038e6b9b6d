import type { Random } from '../domain/clock.ts'

/** Mulberry32: small, fast, and the same numbers on every machine for one seed. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * The numbers that belong to one request. They depend on the seed and the request's number alone, so
 * a fault that draws one number more does not change the fate of all later requests.
 */
export function requestRandom(seed: number, requestNumber: number): Random {
  const scrambled = Math.imul(requestNumber ^ (requestNumber >>> 16), 0x9e3779b1)
  return seededRandom((seed ^ scrambled ^ (scrambled >>> 15)) >>> 0)
}

/** Standard normal, by Box and Muller. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
