/**
 * A part of the devices, `index` of `count` (from 0): `0/1` are all of them. A device belongs to the shard on whose part of the hash
 * space the SHA-256 of its `device_id` falls.
 */
export interface Shard {
  /** 0 ≤ index < count. */
  index: number
  count: number
}

/** All devices. */
export const WHOLE: Shard = { index: 0, count: 1 }

/** `i/n`, as people type it and as the warehouse keeps it. */
export function shardName({ index, count }: Shard): string {
  return `${index}/${count}`
}

/** Whether two shards, by name, may have a device in common: all of another count do, for they part the devices in another way. */
export function overlaps(name: string, other: string): boolean {
  return name === other || countOf(name) !== countOf(other)
}

export function countOf(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

/** The first eight hexadecimal digits of a hash. */
const HASH_SPACE = 2 ** 32

/**
 * The part of a shard, half-open: it takes the devices whose hash in hexadecimal, compared as text, is not below `from` and is below
 * `to`. Both are empty for all devices.
 */
export function hashBounds({ index, count }: Shard): { from: string; to: string } {
  if (count === 1) return { from: '', to: '' }
  return { from: bound(index, count), to: index + 1 === count ? AFTER_ALL : bound(index + 1, count) }
}

/** No hexadecimal digit comes after it. */
const AFTER_ALL = 'g'

function bound(index: number, count: number): string {
  return Math.floor((index / count) * HASH_SPACE)
    .toString(16)
    .padStart(8, '0')
}

/** A shard's share of a whole number that all shards have together; the first ones take what does not divide. */
export function shareOf(total: number, { index, count }: Shard): number {
  return Math.floor(total / count) + (index < total % count ? 1 : 0)
}
