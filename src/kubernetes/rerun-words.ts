/** Flags of `run` with the value that they are to have, by their name without hyphens; true for one that takes none. */
export type GivenFlags = Readonly<Record<string, string | true>>

/** They say what one single run is for: those of the schedule mean nothing to a rerun. */
const OF_ONE_RUN: Readonly<Record<string, { takesValue: boolean }>> = {
  from: { takesValue: true },
  to: { takesValue: true },
  resend: { takesValue: true },
  confirm: { takesValue: true },
  'dry-run': { takesValue: false },
}
/** They narrow every run of this CronJob, also this one, unless it is told otherwise. */
const OF_EVERY_RUN: Readonly<Record<string, { takesValue: boolean }>> = {
  app: { takesValue: true },
  event: { takesValue: true },
  limit: { takesValue: true },
  'max-rejected': { takesValue: true },
}

/** All flags that this file knows, for a test that holds them against those of `run`. */
export const KNOWN_FLAGS = { ...OF_ONE_RUN, ...OF_EVERY_RUN }

/**
 * The words of a program's call with a rerun's flags at their end. What the call says about one run goes; what narrows every run stays
 * unless it is given; all else, also flags that this version does not know, stays as it is.
 */
export function rerunWords(words: readonly string[], given: GivenFlags): string[] {
  const kept: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const name = nameOf(word)
    if (name === null || !isReplaced(name, given)) kept.push(word)
    else if (KNOWN_FLAGS[name]!.takesValue && !word.includes('=')) i++
  }
  return [...kept, ...flagWords(given)]
}

/** One word a flag: in a manifest each stands on a line of its own. */
function flagWords(given: GivenFlags): string[] {
  return Object.entries(given).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`))
}

function nameOf(word: string): string | null {
  return /^--([a-z-]+)(=|$)/.exec(word)?.[1] ?? null
}

function isReplaced(name: string, given: GivenFlags): boolean {
  return Object.hasOwn(OF_ONE_RUN, name) || (Object.hasOwn(OF_EVERY_RUN, name) && given[name] !== undefined)
}
