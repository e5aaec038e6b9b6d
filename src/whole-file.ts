import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/**
 * Writes a file as a whole: whoever reads meanwhile, or after a power cut, finds the old one or the new one, never half of it. The text
 * stands beside it until it is complete, in a hidden file that ends with `.tmp`. `mode` is what the file gets whatever the umask; left out,
 * the umask decides.
 *
 * @throws what the operating system says; nothing is left behind then.
 */
export async function writeWholeFile(file: string, text: string, mode?: number): Promise<void> {
  const unfinished = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.tmp`)
  try {
    const handle = await open(unfinished, 'wx', mode)
    try {
      if (mode !== undefined) await handle.chmod(mode)
      await handle.writeFile(text)
      // The name must not reach the disk before the text does.
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(unfinished, file)
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    throw error
  }
}
