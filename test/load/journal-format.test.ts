import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSegment, encodeFrame } from '../../src/load/journal-format.ts'
import type { JournalRecord } from '../../src/load/journal-record.ts'
import { intentRow, outcomeRow } from './journal-rows.ts'

const SECTOR_BYTES = 512

const text = fc.string({ unit: 'binary', maxLength: 40 })
const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.tuple(fc.nat(), text).map(([number, transactionId]) => ({
    type: 'intent' as const,
    row: intentRow(number, { transactionId }),
  })),
  fc.tuple(fc.nat(), text).map(([number, message]) => ({
    type: 'outcome' as const,
    row: outcomeRow(number, { message }),
  })),
)
/** Frames as they are written: what each holds, and whether a sync followed. */
const frames = fc.array(
  fc.record({ records: fc.array(record, { minLength: 1, maxLength: 4 }), synced: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
)

interface Segment {
  bytes: Buffer
  /** Where each frame begins, and where the last one ends. */
  offsets: number[]
  records: JournalRecord[][]
  /** Everything before this byte was synced. */
  durableBytes: number
}

function write(written: { records: JournalRecord[]; synced: boolean }[]): Segment {
  const segment: Segment = { bytes: Buffer.alloc(0), offsets: [0], records: [], durableBytes: 0 }
  let durableFrames = 0
  for (const [number, { records, synced }] of written.entries()) {
    segment.bytes = Buffer.concat([segment.bytes, encodeFrame(number, durableFrames, records)])
    segment.offsets.push(segment.bytes.length)
    segment.records.push(records)
    if (!synced) continue
    durableFrames = number + 1
    segment.durableBytes = segment.bytes.length
  }
  return segment
}

/** A few records of fixed size, for tests that go through every byte. */
const fewFrames = () =>
  write(
    [0, 1, 2, 3].map((number) => ({
      records: [
        { type: 'outcome', row: outcomeRow(number) },
        { type: 'intent', row: intentRow(number, { transactionId: `é"\n${number}` }) },
      ],
      synced: true,
    })),
  )

const lastThree = ({ offsets }: Segment) => offsets.at(-4)!
const wholeFrames = ({ offsets, records }: Segment, bytes: number) =>
  records.filter((_, index) => offsets[index + 1]! <= bytes).flat()

describe('a segment of the journal', () => {
  it('is read as it was written, whatever the texts hold', () => {
    fc.assert(
      fc.property(frames, (written) => {
        const segment = write(written)
        expect(decodeSegment(segment.bytes)).toEqual({
          kind: 'whole',
          records: JSON.parse(JSON.stringify(segment.records.flat())),
          validBytes: segment.bytes.length,
        })
      }),
    )
  })

  it('that is cut at any byte of its last three frames loses the cut frame and nothing before it', () => {
    const segment = fewFrames()
    for (let cut = lastThree(segment); cut < segment.bytes.length; cut++) {
      const atBoundary = segment.offsets.includes(cut)
      const validBytes = segment.offsets.findLast((offset) => offset <= cut)
      expect(decodeSegment(segment.bytes.subarray(0, cut))).toEqual({
        kind: atBoundary ? 'whole' : 'torn',
        records: wholeFrames(segment, cut),
        validBytes,
      })
    }
  })

  it('with any one bit of its last three frames flipped is damaged, or reads the same', () => {
    const segment = fewFrames()
    const expected = segment.records.flat()
    for (let bit = lastThree(segment) * 8; bit < segment.bytes.length * 8; bit++) {
      const bytes = Buffer.from(segment.bytes)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      const content = decodeSegment(bytes)
      if (content.kind !== 'damaged')
        expect([bit, content.kind, content.records]).toEqual([bit, 'whole', expected])
    }
  })

  it('with sectors that a power cut left as zeros keeps everything that had been synced', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.boolean(), { maxLength: 40 }), fc.nat(), (written, lost, cut) => {
        const segment = write(written)
        const keptBytes = segment.durableBytes + (cut % (segment.bytes.length - segment.durableBytes + 1))
        const bytes = Buffer.from(segment.bytes.subarray(0, keptBytes))
        zeroSectors(bytes, Math.ceil(segment.durableBytes / SECTOR_BYTES) * SECTOR_BYTES, lost)
        const content = decodeSegment(bytes)
        if (content.kind === 'damaged') throw new Error(`${content.why} at ${content.offset}`)
        expect(content.records).toEqual(JSON.parse(JSON.stringify(wholeFrames(segment, content.validBytes))))
        expect(content.validBytes).toBeGreaterThanOrEqual(segment.durableBytes)
      }),
      { numRuns: 500 },
    )
  })

  it('with a zeroed sector in a frame that a later one knows as durable is damaged', () => {
    const segment = write(
      [0, 1, 2].map((number) => ({
        records: Array.from({ length: 5 }, () => ({ type: 'intent', row: intentRow(number) }) as const),
        synced: true,
      })),
    )
    const bytes = Buffer.from(segment.bytes)
    const inFrame1 = Math.ceil(segment.offsets[1]! / SECTOR_BYTES) * SECTOR_BYTES
    bytes.fill(0, inFrame1, inFrame1 + SECTOR_BYTES)
    expect(decodeSegment(bytes)).toMatchObject({ kind: 'damaged', offset: segment.offsets[1] })
  })

  it('with a frame missing in the middle is damaged', () => {
    const { bytes, offsets } = fewFrames()
    const without = Buffer.concat([bytes.subarray(0, offsets[1]), bytes.subarray(offsets[2])])
    expect(decodeSegment(without)).toMatchObject({ kind: 'damaged', why: 'frame 1 is missing' })
  })

  it('that is empty holds nothing', () => {
    expect(decodeSegment(Buffer.alloc(0))).toEqual({ kind: 'whole', records: [], validBytes: 0 })
  })

  it('of zeros only is torn at its beginning', () => {
    expect(decodeSegment(Buffer.alloc(4096))).toEqual({ kind: 'torn', records: [], validBytes: 0 })
  })
})

function zeroSectors(bytes: Buffer, start: number, lost: boolean[]): void {
  for (const [index, isLost] of lost.entries()) {
    const from = start + index * SECTOR_BYTES
    if (isLost && from < bytes.length) bytes.fill(0, from, Math.min(bytes.length, from + SECTOR_BYTES))
  }
}
