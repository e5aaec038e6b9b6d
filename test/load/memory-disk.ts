import type { AppendFile, Disk } from '../../src/load/disk.ts'

interface MemoryFile {
  bytes: Buffer
  durableBytes: number
}

/** A folder in memory that can be full, fail, be slow to sync, and lose what was not synced. */
export class MemoryDisk implements Disk {
  readonly name = 'memory'
  readonly files = new Map<string, MemoryFile>()
  readonly removed: string[] = []
  syncs = 0
  appends = 0
  capacityBytes = Number.POSITIVE_INFINITY
  failSync: Error | null = null
  failRemove: Error | null = null
  /** How long an operation takes: it calls back when it is done. */
  schedule: (done: () => void) => void = setImmediate
  /** While true, a sync calls back only when `finishSyncs` is called. */
  holdSyncs = false
  #held: (() => void)[] = []

  async list(): Promise<string[]> {
    return [...this.files.keys()]
  }

  async read(file: string): Promise<Uint8Array> {
    return this.#file(file).bytes
  }

  async create(name: string): Promise<AppendFile> {
    if (this.files.has(name)) throw new Error(`${name} exists`)
    const file: MemoryFile = { bytes: Buffer.alloc(0), durableBytes: 0 }
    this.files.set(name, file)
    return {
      append: (bytes, done) => this.#append(file, bytes, done),
      sync: (done) => this.#sync(file, done),
      close: async () => {},
    }
  }

  async remove(file: string): Promise<void> {
    if (this.failRemove) throw this.failRemove
    this.files.delete(file)
    this.removed.push(file)
  }

  async truncate(name: string, bytes: number): Promise<void> {
    const file = this.#file(name)
    file.bytes = file.bytes.subarray(0, bytes)
    file.durableBytes = bytes
  }

  finishSyncs(): void {
    this.holdSyncs = false
    for (const finish of this.#held.splice(0)) finish()
  }

  /** The folder as it is found after a power cut: of what was not synced, only a part is there. */
  powerCut(keptShare: number): MemoryDisk {
    const after = new MemoryDisk()
    for (const [name, { bytes, durableBytes }] of this.files) {
      const kept = durableBytes + Math.floor((bytes.length - durableBytes) * keptShare)
      after.files.set(name, { bytes: Buffer.from(bytes.subarray(0, kept)), durableBytes: kept })
    }
    return after
  }

  /** Writes half of what does not fit, as a real disk does. */
  #append(file: MemoryFile, bytes: Uint8Array, done: (error: Error | null) => void): void {
    this.appends++
    const used = [...this.files.values()].reduce((sum, { bytes: { length } }) => sum + length, 0)
    const fits = Math.max(0, Math.min(bytes.length, this.capacityBytes - used))
    file.bytes = Buffer.concat([file.bytes, bytes.subarray(0, fits)])
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    this.schedule(() => done(fits < bytes.length ? full : null))
  }

  #sync(file: MemoryFile, done: (error: Error | null) => void): void {
    this.syncs++
    const length = file.bytes.length
    const finish = () => {
      if (this.failSync === null) file.durableBytes = Math.max(file.durableBytes, length)
      done(this.failSync)
    }
    if (this.holdSyncs) this.#held.push(finish)
    else this.schedule(finish)
  }

  #file(name: string): MemoryFile {
    const file = this.files.get(name)
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' })
    return file
  }
}
