import { describeLease, isHeld, type LeaseRow } from '../lease/lease-row.ts'
import { iso } from './query-rows.ts'

/**
 * Whether its holder is sending. In a warehouse that one process has at a time, whoever can look at it knows that no holder is alive: the
 * row is what a killed one has left, and holds nobody up.
 */
export function isSending(lease: LeaseRow, nowMs: number, isExclusive: boolean): boolean {
  return !isExclusive && isHeld(lease, nowMs)
}

/** One line a shard: who sends, since when, until when. */
export function leaseLines(leases: readonly LeaseRow[], nowMs: number, isExclusive: boolean): string[] {
  const sending = leases.filter((lease) => isSending(lease, nowMs, isExclusive))
  if (sending.length === 0) return ['  nobody']
  return sending.map((lease) => `  shard ${lease.shard}: ${describeLease(lease)}`)
}

/** The same for a program, with those who send no more. */
export function leasesJson(leases: readonly LeaseRow[], nowMs: number, isExclusive: boolean) {
  return leases.map((lease) => ({
    shard: lease.shard,
    holder: lease.holder,
    host: lease.host,
    pid: lease.pid,
    epoch: lease.epoch,
    acquired_at: iso(lease.acquiredAtMs),
    expires_at: iso(lease.expiresAtMs),
    sending: isSending(lease, nowMs, isExclusive),
  }))
}
