import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openFiles } from '../../src/export/export-files.ts'

const COLUMNS = { transactionId: null, appToken: null, eventToken: null, time: null }

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), 'adjust-s2s-export-'))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

async function idsOf(given: string[], stdin = Readable.from([])): Promise<string[]> {
  const ids: string[] = []
  for await (const rows of (await openFiles(given, COLUMNS, stdin)).read())
    ids.push(...rows.map(({ transactionId, line, source }) => `${transactionId} ${source}:${line}`))
  return ids
}

describe('an export of files', () => {
  it('is read file by file, gzipped or not, each under its own header', async () => {
    const inFolder = await folder()
    const file = (name: string) => path.join(inFolder, name)
    await writeFile(file('b.csv'), '[transaction_id],{event}\nt2,x\n')
    await writeFile(file('a.csv.gz'), gzipSync('{event},[transaction_id]\nx,t1\n'))
    // Many files as one: gzip allows it, and the lines go on.
    await writeFile(file('c.csv.gz'), Buffer.concat([gzipSync('transaction_id\nt3\n'), gzipSync('t4\n')]))
    await writeFile(file('notes.txt'), 'no csv')
    const all = ['t1 0:2', 't2 1:2', 't3 2:2', 't4 2:3']
    expect(await idsOf([inFolder])).toEqual(all)
    expect(await idsOf([file('*.csv*')])).toEqual(all)
    expect(await idsOf([file('a.csv.gz'), inFolder, file(`../${path.basename(inFolder)}/b.csv`)])).toEqual(
      all,
    )
  })

  it('may come from standard input, whose kind is seen by its bytes', async () => {
    const text = 'transaction_id\nt1\n'
    expect(await idsOf(['-'], Readable.from([Buffer.from(text)]))).toEqual(['t1 0:2'])
    expect(await idsOf(['-'], Readable.from([gzipSync(text)]))).toEqual(['t1 0:2'])
  })

  it('says what is wrong with a file, and with which', async () => {
    const inFolder = await folder()
    const file = (name: string) => path.join(inFolder, name)
    const refusal = async (given: string) => {
      const error = await idsOf([given]).catch((caught: unknown) => caught)
      expect(error).toMatchObject({ exitCode: 2, hint: expect.any(String) })
      return (error as Error).message
    }
    expect(await refusal(file('none.csv'))).toBe(`--export ${file('none.csv')}: no such file`)
    expect(await refusal(file('*.csv'))).toMatch('no such file')
    expect(await refusal(inFolder)).toMatch('no CSV in it')
    const whole = gzipSync(`transaction_id\n${'t1\n'.repeat(1000)}`)
    await writeFile(file('cut.csv.gz'), whole.subarray(0, whole.length - 12))
    expect(await refusal(file('cut.csv.gz'))).toMatch(
      /cut\.csv\.gz is gzipped, and broken: unexpected end of file/,
    )
    await writeFile(file('empty.csv'), '')
    expect(await refusal(file('empty.csv'))).toMatch('empty.csv is empty')
    await mkdir(file('odd.csv'))
    expect(await refusal(file('*.csv'))).toMatch(/odd\.csv cannot be read: EISDIR|empty\.csv is empty/)
  })
})
