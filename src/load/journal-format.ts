import { crc32 } from 'node:zlib'
import type { JournalRecord } from './journal-record.ts'

/**
 * A segment is plain text: frames, each what one group commit wrote. A frame is a header line of five numbers in hexadecimal
 *
 *     payload bytes · frame number, from 0 · frames before this one that were durable · CRC-32 of the payload · CRC-32 of the line so far
 *
 * and a payload of JSON records, one a line. The header has a check of its own so that a damaged length is seen as damage and not
 * as a frame that is cut short.
 */
const HEADER_BYTES = 45
const CHECKED_HEADER_BYTES = 36
const HEADER = /[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{8}\n/g
/**
 * A disk writes whole sectors: one that a power cut kept from being written reads as zeros, and no frame contains a zero byte.
 * A part as small as one byte stands at either end of a frame, and no single flipped bit turns a hex digit or a line end into zero.
 */
const SECTOR_BYTES = 512

export function encodeFrame(
  frameNumber: number,
  durableFrames: number,
  records: readonly JournalRecord[],
): Buffer {
  let text = ''
  for (const record of records) text += `${JSON.stringify(record)}\n`
  const payloadBytes = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payloadBytes)
  frame.write(text, HEADER_BYTES)
  const checked = `${hex(payloadBytes)} ${hex(frameNumber)} ${hex(durableFrames)} ${hex(crc32(frame.subarray(HEADER_BYTES)))} `
  frame.write(`${checked}${hex(crc32(checked))}\n`, 0, 'latin1')
  return frame
}

export type SegmentContent =
  | { kind: 'whole' | 'torn'; records: JournalRecord[]; validBytes: number }
  | { kind: 'damaged'; offset: number; why: string }

/**
 * Reads a segment. A tail that a crash left half-written is `torn`: no request leaves before its frame is durable, so what is
 * lost was never sent. Anything else that does not check is `damaged`, because it had been durable and may tell of a request.
 */
export function decodeSegment(bytes: Buffer): SegmentContent {
  const records: JournalRecord[] = []
  let offset = 0
  for (let frameNumber = 0; offset < bytes.length; frameNumber++) {
    const frame = readFrame(bytes, offset, frameNumber)
    if (frame.kind === 'damaged') return { kind: 'damaged', offset, why: frame.why }
    if (frame.kind === 'torn') {
      if (!wasDurable(bytes, offset, frameNumber)) return { kind: 'torn', records, validBytes: offset }
      return { kind: 'damaged', offset, why: 'a frame that had been durable is incomplete' }
    }
    for (const line of frame.payload.toString('utf8').split('\n')) {
      if (line !== '') records.push(JSON.parse(line) as JournalRecord)
    }
    offset += HEADER_BYTES + frame.payload.length
  }
  return { kind: 'whole', records, validBytes: offset }
}

type Frame = { kind: 'whole'; payload: Buffer } | { kind: 'torn' } | { kind: 'damaged'; why: string }

function readFrame(bytes: Buffer, offset: number, frameNumber: number): Frame {
  const start = offset + HEADER_BYTES
  if (start > bytes.length) return { kind: 'torn' }
  const header = readHeader(bytes.toString('latin1', offset, start))
  if (header === null) {
    return hasUnwrittenSector(bytes, offset, bytes.length)
      ? { kind: 'torn' }
      : { kind: 'damaged', why: 'a frame header does not check' }
  }
  if (header.frameNumber !== frameNumber) return { kind: 'damaged', why: `frame ${frameNumber} is missing` }
  const end = start + header.payloadBytes
  if (end > bytes.length) return { kind: 'torn' }
  const payload = bytes.subarray(start, end)
  if (header.payloadCrc === crc32(payload)) return { kind: 'whole', payload }
  return hasUnwrittenSector(bytes, start, end)
    ? { kind: 'torn' }
    : { kind: 'damaged', why: 'the records of a frame do not check' }
}

interface Header {
  payloadBytes: number
  frameNumber: number
  durableFrames: number
  payloadCrc: number
}

function readHeader(line: string): Header | null {
  const fields = line
    .trimEnd()
    .split(' ')
    .map((field) => Number.parseInt(field, 16))
  const [payloadBytes, frameNumber, durableFrames, payloadCrc, headerCrc] = fields
  if (
    headerCrc === undefined ||
    headerCrc !== crc32(Buffer.from(line.slice(0, CHECKED_HEADER_BYTES), 'latin1'))
  )
    return null
  return {
    payloadBytes: payloadBytes!,
    frameNumber: frameNumber!,
    durableFrames: durableFrames!,
    payloadCrc: payloadCrc!,
  }
}

/** A later frame that knows of this one as durable proves that it was not the crash that cut it. */
function wasDurable(bytes: Buffer, offset: number, frameNumber: number): boolean {
  const rest = bytes.toString('latin1', offset)
  for (const [line] of rest.matchAll(HEADER)) {
    const header = readHeader(line)
    if (header !== null && header.durableFrames > frameNumber) return true
  }
  return false
}

function hasUnwrittenSector(bytes: Buffer, start: number, end: number): boolean {
  for (let from = start; from < end; ) {
    const to = Math.min(end, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES)
    if (bytes.subarray(from, to).every((byte) => byte === 0)) return true
    from = to
  }
  return false
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
