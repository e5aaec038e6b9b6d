import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Room for the journal of several killed runs of a shop, and no more. */
const SIZE = '24m'

const mounted = new Set<SmallDisk>()
process.on('exit', () => {
  for (const disk of mounted) disk.unmount()
})

/** A file system of its own in memory, so small that it can be filled to the last page while a run writes its journal to it. */
export class SmallDisk {
  readonly #folder: string
  readonly #ballast: string

  private constructor(folder: string) {
    this.#folder = folder
    this.#ballast = path.join(folder, 'ballast')
    mounted.add(this)
  }

  /** Null where this user may not mount anything (`unshare --user --map-root-user --mount` lends the right). */
  static mount(folder: string): SmallDisk | null {
    mkdirSync(folder, { recursive: true })
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder])
    return status === 0 ? new SmallDisk(folder) : null
  }

  /** Takes all of the free room but so many bytes, to the page. */
  fill(bytesLeft: number): void {
    this.empty()
    const { bavail, bsize } = statfsSync(this.#folder)
    const pages = bavail - Math.ceil(bytesLeft / bsize)
    if (pages <= 0) return
    try {
      writeFileSync(this.#ballast, Buffer.alloc(pages * bsize))
    } catch (error) {
      // A run that writes at the same time was faster: the disk is full all the same.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }

  /** Gives the room back. */
  empty(): void {
    rmSync(this.#ballast, { force: true })
  }

  /** Saves what is on it, if it is evidence: a disk in memory goes with its mount. */
  unmount(saveTo: string | null = null): void {
    if (saveTo !== null) cpSync(this.#folder, saveTo, { recursive: true })
    // Lazily: a process that was just killed may still have a file open.
    spawnSync('umount', ['-l', this.#folder])
    mounted.delete(this)
  }
}
