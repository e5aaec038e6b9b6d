import { compareCodePoints } from '../../../src/extract/order-check.ts'
import type { QueryValue, TableRow } from '../../../src/warehouse/warehouse.ts'
import { firstOf } from './order.ts'
import type { Given } from './parameters.ts'
import { microsOf, textOf, wholeOf, wholeValue } from './records.ts'

type Row = Record<string, QueryValue>

/** `sql/lease-holders.sql`: who may send, shard by shard; where a shard has two rows, the one with the highest epoch. */
export function leaseHolders(lease: readonly TableRow[]): Row[] {
  return [...Map.groupBy(lease, (row) => row.shard as string)]
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([shard, rows]) => leaseHolder(shard, firstOf(rows, newestLease)!))
}

function newestLease(a: TableRow, b: TableRow): number {
  return epochOf(b) - epochOf(a) || microsOf(b.expires_at)! - microsOf(a.expires_at)!
}

function leaseHolder(shard: string, row: TableRow): Row {
  return {
    shard,
    holder: textOf(row.holder),
    host: textOf(row.host),
    pid: wholeOf(row.pid),
    epoch: epochOf(row),
    acquired_at_micros: wholeValue(microsOf(row.acquired_at)),
    expires_at_micros: wholeValue(microsOf(row.expires_at)),
  }
}

/** `sql/lease-first.sql`: makes the row of a shard that has none. */
export function leaseFirst(lease: TableRow[], given: Given): number {
  const shard = given.text('shard')
  if (lease.some((row) => row.shard === shard)) return 0
  const unheld = { holder: null, host: null, pid: null, acquired_at: null }
  lease.push({ shard, ...unheld, epoch: 0, expires_at: instant(given, 'now') })
  return 1
}

/** `sql/lease-take.sql`: sets all rows of the shard, unless one of them is newer than what was seen. */
export function leaseTake(lease: TableRow[], given: Given): number {
  const [shard, seenEpoch] = [given.text('shard'), given.whole('seen_epoch')]
  const seenExpiresAt = given.instant('seen_expires_at')
  const isNewer = (row: TableRow) => epochOf(row) > seenEpoch || microsOf(row.expires_at)! > seenExpiresAt
  const ofShard = (row: TableRow) => row.shard === shard
  const isTaken = lease.filter(ofShard).some(isNewer)
  return change(lease, (row) => !isTaken && ofShard(row), {
    holder: given.text('holder'),
    host: given.text('host'),
    pid: given.whole('pid'),
    epoch: seenEpoch + 1,
    acquired_at: instant(given, 'now'),
    expires_at: instant(given, 'expires_at'),
  })
}

/** `sql/lease-renew.sql`: the holder's lease ends later, never sooner. */
export function leaseRenew(lease: TableRow[], given: Given): number {
  const isHolders = heldBy(given)
  const expiresAt = given.instant('expires_at')
  const isLater = (row: TableRow) => microsOf(row.expires_at)! <= expiresAt
  return change(lease, (row) => isHolders(row) && isLater(row), { expires_at: instant(given, 'expires_at') })
}

/** `sql/lease-release.sql`: the holder gives it back. */
export function leaseRelease(lease: TableRow[], given: Given): number {
  const givenBack = { holder: null, host: null, pid: null, expires_at: instant(given, 'now') }
  return change(lease, heldBy(given), givenBack)
}

function heldBy(given: Given): (row: TableRow) => boolean {
  const [shard, holder, epoch] = [given.text('shard'), given.text('holder'), given.whole('epoch')]
  return (row) => row.shard === shard && row.holder === holder && row.epoch === epoch
}

/** Puts new rows in place of those that are changed: who has read one keeps what was there. Answers how many they are. */
function change(lease: TableRow[], isMeant: (row: TableRow) => boolean, columns: TableRow): number {
  const meant = [...lease.keys()].filter((index) => isMeant(lease[index]!))
  for (const index of meant) lease[index] = { ...lease[index], ...columns }
  return meant.length
}

function epochOf(row: TableRow): number {
  return row.epoch as number
}

function instant(given: Given, name: string): { timestampMicros: number } {
  return { timestampMicros: given.instant(name) }
}
