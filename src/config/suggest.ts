import { distance } from 'fastest-levenshtein'

/** Two slips in a short word, about a third of a long one: farther than that, a suggestion confuses more than it helps. */
const mostSlips = (word: string) => Math.max(2, Math.floor(word.length / 3))

/**
 * The candidate that was probably meant, or null. A candidate that only has more in front wins at once:
 * people forget the section (`requests_per_second` for `delivery.requests_per_second`).
 */
export function suggest(word: string, candidates: readonly string[]): string | null {
  const typed = word.toLowerCase().replaceAll('-', '_')
  const name = (candidate: string) => candidate.toLowerCase()
  const inSection = candidates.find(
    (candidate) =>
      /[._]/.test(name(candidate).at(-typed.length - 1) ?? '') && name(candidate).endsWith(typed),
  )
  if (inSection !== undefined) return inSection
  const ranked = candidates
    .map((candidate) => ({ candidate, slips: distance(typed, name(candidate)) }))
    .toSorted((a, b) => a.slips - b.slips)
  const best = ranked[0]
  return best !== undefined && best.slips <= mostSlips(word) ? best.candidate : null
}
