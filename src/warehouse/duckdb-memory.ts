const BYTES_PER_MB = 1_000_000

/** Rows may be wider than anybody foresaw, and a sort has to hold some of them at once: then it gets more, within limits. */
export class MemoryLimit {
  #limitMb: number
  readonly #maxMb: number | undefined

  constructor(limitMb: number, maxMb: number | undefined) {
    this.#limitMb = limitMb
    this.#maxMb = maxMb
  }

  /** The limit twice as high, in MB; null when that is too much. */
  raise(): number | null {
    // The other half is for the rest of the program, and for a container's other processes.
    const maxMb = this.#maxMb ?? process.availableMemory() / BYTES_PER_MB / 2
    if (this.#limitMb * 2 > maxMb) return null
    this.#limitMb *= 2
    return this.#limitMb
  }
}
