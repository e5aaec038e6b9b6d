import { TerminalError } from '../domain/errors.ts'
import type { Seen } from './finding.ts'

export interface ServerClock {
  server: string
  /** How far this machine's clock is ahead of it; below zero when it is behind. */
  aheadMs: number
}

/** More than the whole seconds of a Date header and a slow way can explain. */
const WARNED_MS = 5_000
/** An event of which `created_at` lies in the future is refused, and a lease allows for no more than this. */
const FAILED_MS = 60_000

const HINT =
  'Set the clock of this machine (in Kubernetes, of the node) by NTP, with chrony or systemd-timesyncd.'

/** Judges by the server that agrees best: when this machine is wrong none does, and one Date header may be a proxy's old one. */
export function judgeClock(clocks: readonly ServerClock[]): Seen<null> {
  const [best] = clocks.toSorted((one, other) => Math.abs(one.aheadMs) - Math.abs(other.aheadMs))
  if (best === undefined) return { detail: 'no server told the time', value: null, isSkipped: true }
  const offMs = Math.abs(best.aheadMs)
  if (offMs <= WARNED_MS)
    return { detail: `agrees with ${clocks.map(({ server }) => server).join(' and ')}`, value: null }
  const detail = `this machine is ${(offMs / 1000).toFixed(0)} s ${best.aheadMs > 0 ? 'ahead of' : 'behind'} ${best.server}`
  if (offMs <= FAILED_MS) return { detail, value: null, mend: HINT }
  throw new TerminalError(
    `${detail}; created_at, the age limit, Retry-After and the lease all go by this clock`,
    { hint: HINT },
  )
}
