import { randomUUID } from 'node:crypto'
import { stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../domain/clock.ts'
import { TerminalError } from '../domain/errors.ts'
import { type AppendFile, FolderDisk } from '../load/disk.ts'
import type { Seen } from './finding.ts'

/** What statfs(2) says of the file system under a folder. */
export interface Volume {
  type: number
  /** Blocks that a user without privileges may still take. */
  bavail: number
  bsize: number
}

/** A run that cannot write its journal stops; a busy one writes some megabytes before segments are deleted. */
const LOW_SPACE_BYTES = 100_000_000
const BYTES_PER_MB = 1_000_000

/** Numbers of linux/magic.h. */
const VOLATILE = new Map([
  [0x01021994, 'in memory (tmpfs)'],
  [0x794c7630, "in the container's own layer (overlayfs)"],
])

/** Another folder would be one without the journal of the run that could not write. */
const FULL_HINT =
  'Make room on its volume, or enlarge it, and leave state_dir as it is: the journal is there.'

const HINT =
  'Set state_dir (or ADJUST_S2S_STATE_DIR) to a folder that this user may write and that survives a restart.'

/**
 * Writes and syncs a file as the journal does, and looks at the volume. A folder that is not there yet is not made: the nearest one above
 * it is tried. Throws a TerminalError when nothing can be written.
 */
export async function checkStateDirectory(
  stateDir: string,
  clock: Clock,
  volumeOf: (folder: string) => Promise<Volume> = statfs,
): Promise<Seen<null>> {
  const folder = await nearestFolder(stateDir)
  const syncMs = await syncOnce(folder, clock)
  const volume = await volumeOf(folder)
  const freeMb = (volume.bavail * volume.bsize) / BYTES_PER_MB
  const later = folder === stateDir ? '' : ', which the first run makes'
  const detail = `${stateDir}${later}: a synced write took ${syncMs.toFixed(1)} ms, ${sizeText(freeMb)} free`
  const mend = mendOf(volume, freeMb)
  return { detail, value: null, ...(mend === null ? {} : { mend }) }
}

function mendOf({ type }: Volume, freeMb: number): string | null {
  const place = VOLATILE.get(type)
  const mends = [
    ...(place === undefined
      ? []
      : [
          `It is ${place}, which does not survive a restart, and the journal says what may have been sent: put state_dir on a persistent volume.`,
        ]),
    ...(freeMb * BYTES_PER_MB < LOW_SPACE_BYTES
      ? [`Make room: below ${LOW_SPACE_BYTES / BYTES_PER_MB} MB the journal may not fit.`]
      : []),
  ]
  return mends.length === 0 ? null : mends.join(' ')
}

function sizeText(megabytes: number): string {
  return megabytes < 1000
    ? `${Math.floor(megabytes)} MB`
    : `${Math.floor(megabytes / 1000).toLocaleString('en-US')} GB`
}

async function nearestFolder(wanted: string): Promise<string> {
  for (let folder = wanted; ; folder = path.dirname(folder)) {
    try {
      if ((await stat(folder)).isDirectory()) return folder
      throw new TerminalError(`${folder} is a file, not a folder`, { hint: HINT })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explained(folder, error)
    }
  }
}

/** Milliseconds until a few bytes were on the disk, by the means of the journal. */
async function syncOnce(folder: string, clock: Clock): Promise<number> {
  const disk = new FolderDisk(folder)
  const name = `.doctor-${randomUUID()}`
  const startedAt = clock.monotonic()
  try {
    const file = await disk.create(name)
    try {
      await written(file)
    } finally {
      await file.close()
      await disk.remove(name)
    }
  } catch (error) {
    throw explained(folder, error)
  }
  return clock.monotonic() - startedAt
}

function written(file: AppendFile): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null) => (error ? reject(error) : resolve())
    file.append(Buffer.from('doctor\n'), (error) => (error ? reject(error) : file.sync(settle)))
  })
}

/** What the operating system refused; anything else is a bug and stays one. */
function explained(folder: string, cause: unknown): unknown {
  if ((cause as NodeJS.ErrnoException).code === undefined) return cause
  return new TerminalError(
    `the state directory cannot be written in ${folder}: ${(cause as Error).message}`,
    {
      cause,
      hint: (cause as NodeJS.ErrnoException).code === 'ENOSPC' ? FULL_HINT : HINT,
    },
  )
}
