import { constants, type Stats } from 'node:fs'
import { access, realpath, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { TerminalError } from '../domain/errors.ts'
import { writeWholeFile } from '../whole-file.ts'

/**
 * Finds out whether a file can be written there, before the work is done that it is to tell of. `flag` is what was typed before `file`.
 *
 * @throws TerminalError that names the folder that is missing or may not be written.
 */
export async function checkReportFile(flag: string, file: string): Promise<void> {
  const folder = path.dirname(path.resolve(file))
  const [existing, found] = await Promise.all([statOf(file), statOf(folder)])
  if (file.trim() === '' || existing?.isDirectory())
    throw new TerminalError(`${flag} ${JSON.stringify(file)} names no file.`, {
      hint: `Such as ${flag} report.html.`,
    })
  // What is there and no ordinary file, such as /dev/stdout, is written in place: its folder is somebody else's.
  if (existing !== null && !existing.isFile()) return checkWritable(flag, file, file)
  if (found === null || !found.isDirectory())
    throw new TerminalError(`${flag} ${file}: there is no folder ${folder}.`, {
      hint: `mkdir -p ${folder}`,
    })
  await checkWritable(flag, file, folder)
}

async function checkWritable(flag: string, file: string, place: string): Promise<void> {
  await access(place, constants.W_OK).catch(() => {
    throw new TerminalError(`${flag} ${file}: ${place} may not be written.`, {
      hint: 'Choose another file, or give this user the right to write there.',
    })
  })
}

/**
 * Writes a file as a whole: whoever opens it sees the old one or the new one, never half of it. What is no ordinary file, such as
 * /dev/stdout, is written as it is, for a rename would put a file in its place.
 *
 * @throws TerminalError
 */
export async function writeReportFile(file: string, text: string): Promise<void> {
  try {
    const existing = await statOf(file)
    if (existing !== null && !existing.isFile()) return await writeFile(file, text)
    // A link stays one.
    await writeWholeFile(existing === null ? path.resolve(file) : await realpath(file), text)
  } catch (error) {
    throw new TerminalError(`${file} could not be written: ${(error as Error).message}`, {
      cause: error,
      hint: 'Look for a full disk or missing rights, then make the report again with `adjust-s2s report`.',
    })
  }
}

async function statOf(file: string): Promise<Stats | null> {
  return stat(file).catch(() => null)
}
