import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkStateDirectory, type Volume } from '../../src/doctor/state-directory.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { scratchPath } from '../warehouse/scratch.ts'

const EXT4 = 0xef53

/** A folder on a volume of that kind. */
async function check(volume: Partial<Volume>, folder = path.dirname(scratchPath('x'))) {
  const { mend } = await checkStateDirectory(folder, systemClock, async () => ({
    type: EXT4,
    bavail: 1_000_000,
    bsize: 4096,
    ...volume,
  }))
  return mend ?? null
}

describe('the state directory', () => {
  it('is fine on a disk with room', async () => {
    expect(await check({})).toBeNull()
  })

  it.each([
    ['memory', 0x01021994, 'tmpfs'],
    ["a container's own layer", 0x794c7630, 'overlayfs'],
  ])('in %s is a warning, for it does not survive a restart', async (_, type, name) => {
    expect(await check({ type })).toContain(name)
  })

  it.each([
    [24_414, true],
    [24_415, false],
  ])('with %i blocks of 4 KiB free has too little room: %s', async (bavail, isLow) => {
    expect((await check({ bavail })) !== null).toBe(isLow)
  })

  it('is left as it was', async () => {
    const folder = path.dirname(scratchPath('x'))
    await check({}, folder)
    expect(await readdir(folder)).toEqual([])
  })

  it('is not made where it is missing: the folder above it is tried', async () => {
    const folder = scratchPath('a/b')
    const { detail } = await checkStateDirectory(folder, systemClock)
    expect(detail).toContain(`${folder}, which the first run makes`)
    await expect(stat(path.dirname(folder))).rejects.toThrow('ENOENT')
  })
})
