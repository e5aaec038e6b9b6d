import { close, fdatasync, open, write } from 'node:fs'
import { mkdir, open as openHandle, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A file that only grows. Calls back in the order of the calls. */
export interface AppendFile {
  /** Appends all bytes; they may still be in the operating system's memory. */
  append(bytes: Uint8Array, done: (error: Error | null) => void): void
  /** Makes everything appended so far survive a power cut. */
  sync(done: (error: Error | null) => void): void
  close(): Promise<void>
}

/** The few things that the journal asks of a folder. */
export interface Disk {
  /** Names this folder in messages. */
  readonly name: string
  list(): Promise<string[]>
  read(file: string): Promise<Uint8Array>
  /** Creates a file that must not exist yet; its name survives a power cut. */
  create(file: string): Promise<AppendFile>
  remove(file: string): Promise<void>
  /** Cuts a file to its first bytes, which then survive a power cut. */
  truncate(file: string, bytes: number): Promise<void>
}

export class FolderDisk implements Disk {
  readonly name: string

  constructor(folder: string) {
    this.name = folder
  }

  async list(): Promise<string[]> {
    await mkdir(this.name, { recursive: true })
    return readdir(this.name)
  }

  read(file: string): Promise<Uint8Array> {
    return readFile(join(this.name, file))
  }

  async create(file: string): Promise<AppendFile> {
    await mkdir(this.name, { recursive: true })
    const descriptor = await new Promise<number>((resolve, reject) => {
      open(join(this.name, file), 'ax', 0o600, (error, fd) => (error ? reject(error) : resolve(fd)))
    })
    await this.#syncNames()
    return new FolderFile(descriptor)
  }

  async remove(file: string): Promise<void> {
    await rm(join(this.name, file), { force: true })
  }

  async truncate(file: string, bytes: number): Promise<void> {
    const handle = await openHandle(join(this.name, file), 'r+')
    try {
      await handle.truncate(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  /** A new file's name is in its folder, which has to reach the disk as well. */
  async #syncNames(): Promise<void> {
    if (process.platform === 'win32') return
    const folder = await openHandle(this.name, 'r')
    await folder.sync().finally(() => folder.close())
  }
}

class FolderFile implements AppendFile {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  append(bytes: Uint8Array, done: (error: Error | null) => void): void {
    write(this.#descriptor, bytes, (error, written) => {
      if (error) done(error)
      else if (written < bytes.length) this.append(bytes.subarray(written), done)
      else done(null)
    })
  }

  sync(done: (error: Error | null) => void): void {
    fdatasync(this.#descriptor, done)
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      close(this.#descriptor, (error) => (error ? reject(error) : resolve()))
    })
  }
}
