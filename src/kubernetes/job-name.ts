import type { Random } from '../domain/clock.ts'

/** A Job's name becomes a label of its pods. */
const NAME_CHARACTERS_MAX = 63
const SUFFIX_CHARACTERS = 5
/** Those of Kubernetes' own suffixes: no vowel, so no word comes about; nothing that looks like something else. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

export interface JobNameParts {
  cronJob: string
  /** Epoch milliseconds; null is an open end. */
  from: number | null
  to: number | null
  /** Pods of an Indexed Job have its name and their index as host name; null for any other Job. */
  completions: number | null
  random: Random
}

/** A new DNS label such as `adjust-s2s-rerun-20260201-20260301-x7k2q`; a long CronJob's name is cut, the window never. */
export function jobName({ cronJob, from, to, completions, random }: JobNameParts): string {
  const suffix = Array.from(
    { length: SUFFIX_CHARACTERS },
    () => SUFFIX_ALPHABET[Math.floor(random() * SUFFIX_ALPHABET.length)],
  )
  const rest = `-rerun-${instantPart(from, 'start')}-${instantPart(to, 'now')}-${suffix.join('')}`
  const indexCharacters = completions === null ? 0 : `-${completions - 1}`.length
  const base = cronJob.replaceAll('.', '-').slice(0, NAME_CHARACTERS_MAX - rest.length - indexCharacters)
  return `${base.replace(/-+$/, '')}${rest}`
}

/** `20260201` for a midnight, else `20260201t1330` or `20260201t133015`: milliseconds have no room. */
function instantPart(epochMs: number | null, open: string): string {
  if (epochMs === null) return open
  const [day = '', time = ''] = new Date(epochMs)
    .toISOString()
    .replaceAll(/[-:]|\.\d+Z$/g, '')
    .split('T')
  const shown = time.replace(/00$/, '')
  return shown === '0000' ? day : `${day}t${shown}`
}
