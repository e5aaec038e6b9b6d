/** Length of a frame's head: one byte that says whether it is compressed, and the length of the message in four. */
const HEAD_BYTES = 5

/** Cuts the bytes of a gRPC stream into whole frames, one a message, without looking into them. */
export class FrameReader {
  #chunks: Buffer[] = []
  #bytes = 0

  /** The frames that are whole by now, heads included. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Buffer[] = []
    for (let size = this.#frameSize(); this.#bytes >= size; size = this.#frameSize())
      frames.push(this.#takeFirst(size))
    return frames
  }

  /** Of the frame that has begun; infinite until its head is there. */
  #frameSize(): number {
    if (this.#bytes < HEAD_BYTES) return Number.POSITIVE_INFINITY
    if (this.#chunks[0]!.length < HEAD_BYTES) this.#chunks = [Buffer.concat(this.#chunks)]
    return HEAD_BYTES + this.#chunks[0]!.readUInt32BE(1)
  }

  #takeFirst(size: number): Buffer {
    const all = Buffer.concat(this.#chunks)
    this.#bytes = all.length - size
    this.#chunks = this.#bytes > 0 ? [all.subarray(size)] : []
    return all.subarray(0, size)
  }
}
