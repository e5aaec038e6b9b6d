import type { AppendFile, Disk } from '../../src/load/disk.ts'
import type { Chance } from './chance.ts'
import type { SimulatedProcess } from './process.ts'
import type { WorldTime } from './time.ts'

const SECTOR_BYTES = 512

/** A file of which a power cut leaves what was synced, and by chance some of the rest. */
class VolumeFile {
  bytes: Buffer = Buffer.alloc(0)
  durableBytes = 0

  append(bytes: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes, bytes])
  }

  /** What was not synced is cut anywhere, and whole sectors of it may never have been written. */
  powerCut(chance: Chance): void {
    const { length } = this.bytes
    const kept = chance.pick([this.durableBytes, length, chance.whole(this.durableBytes, length)])
    const found = Buffer.from(this.bytes.subarray(0, kept))
    if (chance.happens(0.5)) {
      for (let from = this.durableBytes; from < kept; ) {
        const to = Math.min(kept, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES)
        if (chance.happens(0.5)) found.fill(0, from, to)
        from = to
      }
    }
    this.bytes = found
    this.durableBytes = kept
  }
}

/** A folder that outlives processes. It can be full, refuse to sync, and lose its power. */
export class Volume {
  readonly files = new Map<string, VolumeFile>()
  capacityBytes = Number.POSITIVE_INFINITY
  /** The sync after so many fails, once. */
  failSyncAfter = Number.POSITIVE_INFINITY
  /** Goes up with each power cut: what was under way then does not end. */
  powerCuts = 0
  /** Removals that a power cut may undo, the oldest first; a file system keeps their order. */
  #removals: { name: string; file: VolumeFile }[] = []

  get usedBytes(): number {
    let used = 0
    for (const { bytes } of this.files.values()) used += bytes.length
    return used
  }

  powerCut(chance: Chance): void {
    this.powerCuts++
    const kept = chance.whole(0, this.#removals.length)
    for (const { name, file } of this.#removals.slice(kept)) this.files.set(name, file)
    this.#removals = []
    for (const file of this.files.values()) file.powerCut(chance)
  }

  create(name: string): VolumeFile {
    if (this.files.has(name)) throw Object.assign(new Error(`EEXIST: ${name}`), { code: 'EEXIST' })
    const file = new VolumeFile()
    this.files.set(name, file)
    // The folder is synced, and with it everything that was done in it before.
    this.#removals = []
    return file
  }

  remove(name: string): void {
    const file = this.files.get(name)
    if (file === undefined) return
    this.files.delete(name)
    this.#removals.push({ name, file })
  }

  file(name: string): VolumeFile {
    const file = this.files.get(name)
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' })
    return file
  }

  /** The volume as it is now, for one that is put back later. */
  copy(): Volume {
    const copy = new Volume()
    for (const [name, { bytes, durableBytes }] of this.files) {
      copy.files.set(name, Object.assign(new VolumeFile(), { bytes, durableBytes }))
    }
    return copy
  }
}

/** How long the disk takes, milliseconds. */
export interface DiskPace {
  writeMs: number
  syncMs: number
}

/** A volume as one process sees it: each step takes time, and the process may die in between. */
export class ProcessDisk implements Disk {
  readonly name = '/state'
  readonly #volume: Volume
  readonly #process: SimulatedProcess
  readonly #time: WorldTime
  readonly #pace: DiskPace

  constructor(volume: Volume, process: SimulatedProcess, time: WorldTime, pace: DiskPace) {
    this.#volume = volume
    this.#process = process
    this.#time = time
    this.#pace = pace
  }

  list(): Promise<string[]> {
    return this.#step(() => [...this.#volume.files.keys()])
  }

  read(file: string): Promise<Uint8Array> {
    return this.#step(() => this.#volume.file(file).bytes)
  }

  async create(name: string): Promise<AppendFile> {
    const file = await this.#step(() => this.#volume.create(name))
    return {
      append: (bytes, done) => this.#append(file, bytes, done),
      sync: (done) => this.#sync(file, done),
      close: async () => {},
    }
  }

  async remove(file: string): Promise<void> {
    await this.#step(() => this.#volume.remove(file))
  }

  async truncate(name: string, bytes: number): Promise<void> {
    await this.#step(() => {
      const file = this.#volume.file(name)
      file.bytes = file.bytes.subarray(0, bytes)
      file.durableBytes = bytes
    })
  }

  async #step<T>(act: () => T): Promise<T> {
    if (!this.#process.mayAct()) return new Promise(() => {})
    const result = act()
    await this.#process.wait(this.#pace.writeMs)
    return result
  }

  /** Writes as much as there is room for, as a real disk does. */
  #append(file: VolumeFile, bytes: Uint8Array, done: (error: Error | null) => void): void {
    if (!this.#process.mayAct()) return
    const room = Math.max(0, this.#volume.capacityBytes - this.#volume.usedBytes)
    const fits = Math.min(bytes.length, room)
    file.append(bytes.subarray(0, fits))
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    this.#process.after(this.#pace.writeMs, () => done(fits < bytes.length ? full : null))
  }

  #sync(file: VolumeFile, done: (error: Error | null) => void): void {
    if (!this.#process.mayAct()) return
    const { length } = file.bytes
    const { powerCuts } = this.#volume
    const fails = --this.#volume.failSyncAfter === 0
    // The operating system goes on with it when the process is killed, but not without power.
    this.#time.after(this.#pace.syncMs, () => {
      if (this.#volume.powerCuts !== powerCuts) return
      if (!fails) file.durableBytes = Math.max(file.durableBytes, length)
      const error = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
      this.#process.enter(() => done(fails ? error : null))
    })
  }
}
