import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashBounds, overlaps, type Shard, shardName, shareOf, WHOLE } from '../../src/domain/shard.ts'

const counts = fc.integer({ min: 1, max: 64 })
const shardsOf = (count: number): Shard[] => Array.from({ length: count }, (_, index) => ({ index, count }))
const hashes = fc.string({
  unit: fc.constantFrom(...'0123456789abcdef'),
  minLength: 64,
  maxLength: 64,
})

function takes(shard: Shard, hash: string): boolean {
  const { from, to } = hashBounds(shard)
  return from === '' || (hash >= from && hash < to)
}

describe('the shards of a number', () => {
  it('take each hash once, whatever it is', () => {
    fc.assert(
      fc.property(counts, hashes, (count, hash) => {
        expect(shardsOf(count).filter((shard) => takes(shard, hash))).toHaveLength(1)
      }),
    )
  })

  it('take the first and the last of all hashes, too', () => {
    for (const hash of ['0'.repeat(64), 'f'.repeat(64)])
      for (const count of [1, 2, 3, 7, 64])
        expect(shardsOf(count).filter((shard) => takes(shard, hash))).toHaveLength(1)
  })

  it('take parts of the same size, to one in four thousand million', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 64 }), (count) => {
        const starts = shardsOf(count).map((shard) => Number.parseInt(hashBounds(shard).from, 16))
        const sizes = starts.map((start, index) => (starts[index + 1] ?? 2 ** 32) - start)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('share a number of requests without a rest, none more than one above another', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 100_000 }), (count, total) => {
        const shares = shardsOf(count).map((shard) => shareOf(total, shard))
        expect(shares.reduce((sum, share) => sum + share)).toBe(total)
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('two shards', () => {
  it('have no device in common when they are two of one number, and else perhaps', () => {
    expect(overlaps('0/2', '1/2')).toBe(false)
    expect(overlaps('0/2', '0/2')).toBe(true)
    expect(overlaps('0/2', '0/3')).toBe(true)
    expect(overlaps(shardName(WHOLE), '5/12')).toBe(true)
    expect(overlaps('1/2', '1/12')).toBe(true)
  })
})
