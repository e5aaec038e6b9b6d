import type { Random } from '../../../src/domain/clock.ts'
import { weighted } from '../draw.ts'
import type { EndedRun } from '../run/run-process.ts'

export const TROUBLES = [
  'kill -9',
  'kill -9 while stopped',
  'kill -9 on a full disk',
  'kill -9 of two runs',
  'SIGTERM',
  'SIGSTOP, SIGCONT',
  'two runs',
  'disk full',
  'none',
  'paused past the lease',
] as const
export type Trouble = (typeof TROUBLES)[number]

/** What a process was at when it was killed, as far as it shows from outside. */
export const PHASES = ['starting', 'recovering', 'reading', 'sending', 'ending'] as const
export type Phase = (typeof PHASES)[number]

/** A `kill -9` that met a living process. */
export interface Kill {
  run: EndedRun
  atMs: number
  /** Known at once; what a run was at that had begun only shows in the truth log. */
  phase: Phase | null
}

/** How a round went. */
export interface Round {
  trouble: Trouble
  kills: Kill[]
  runs: EndedRun[]
  /** What was wrong with the way in which runs ended. */
  wrong: string[]
}

const SHARES: Record<Exclude<Trouble, 'paused past the lease'>, number> = {
  'kill -9': 62,
  'kill -9 while stopped': 5,
  'kill -9 on a full disk': 4,
  'kill -9 of two runs': 6,
  SIGTERM: 8,
  'SIGSTOP, SIGCONT': 4,
  'two runs': 3,
  'disk full': 5,
  none: 3,
}

export function drawTrouble(random: Random, hasSmallDisk: boolean): Trouble {
  const shares = { ...SHARES }
  if (!hasSmallDisk) shares['kill -9 on a full disk'] = shares['disk full'] = 0
  return weighted(random, shares)
}
