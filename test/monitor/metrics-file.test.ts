import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileOfShard } from '../../src/domain/file-of-shard.ts'
import { readSurvivors, writeMetricsFile } from '../../src/monitor/metrics-file.ts'
import { emptyFolder } from '../cli/cli-process.ts'

describe('a metrics file', () => {
  it('is readable by all, whatever the umask, and leaves nothing else behind', async () => {
    const folder = await emptyFolder()
    const umask = process.umask(0o077)
    try {
      await writeMetricsFile(path.join(folder, 's2s.prom'), 'a 1\n')
    } finally {
      process.umask(umask)
    }
    expect((await stat(path.join(folder, 's2s.prom'))).mode & 0o777).toBe(0o644)
    expect(await readdir(folder)).toEqual(['s2s.prom'])
  })

  it('is replaced as a whole: a reader that has the old one open reads it to its end', async () => {
    const file = path.join(await emptyFolder(), 's2s.prom')
    await writeMetricsFile(file, 'old 1\n')
    const before = await stat(file)
    await writeMetricsFile(file, 'new 1\n')
    expect((await stat(file)).ino).not.toBe(before.ino)
    expect(await readFile(file, 'utf8')).toBe('new 1\n')
  })

  it('that cannot be put in place leaves no temporary file', async () => {
    const folder = await emptyFolder()
    await mkdir(path.join(folder, 's2s.prom', 'in the way'), { recursive: true })
    await expect(writeMetricsFile(path.join(folder, 's2s.prom'), 'a 1\n')).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['s2s.prom'])
  })

  it('is one for each shard, where there are several', () => {
    expect(fileOfShard('/m/s2s.prom', { index: 0, count: 1 })).toBe('/m/s2s.prom')
    expect(fileOfShard('/m/s2s.prom', { index: 1, count: 3 })).toBe('/m/s2s-1-of-3.prom')
  })
})

describe('what survives from the file of an earlier run', () => {
  const readFrom = async (text: string) => {
    const file = path.join(await emptyFolder(), 's2s.prom')
    await writeFile(file, text)
    return Object.fromEntries(await readSurvivors(file))
  }

  it('is the time of the last success, and nothing else', async () => {
    const text =
      'adjust_s2s_last_run_exit_code{shard="0/1"} 0\nadjust_s2s_last_success_timestamp_seconds{shard="0/1"} 1800000000.5\n'
    expect(await readFrom(text)).toEqual({
      last_success_timestamp_seconds: [{ labels: {}, value: 1_800_000_000.5 }],
    })
  })

  it.each(['', 'no metrics at all', 'adjust_s2s_last_success_timestamp_seconds NaN\n'])(
    'is nothing where it says nothing: %j',
    async (text) => {
      expect(await readFrom(text)).toEqual({})
    },
  )

  it('is nothing where there was no run before', async () => {
    expect([...(await readSurvivors(path.join(await emptyFolder(), 's2s.prom')))]).toEqual([])
  })

  it('is an error where there is no file to be read: a success must not get lost unseen', async () => {
    await expect(readSurvivors(await emptyFolder())).rejects.toThrow('EISDIR')
  })
})
