import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TerminalError, TransientError } from '../../src/domain/errors.ts'
import { FolderDisk } from '../../src/load/disk.ts'
import { Journal } from '../../src/load/journal.ts'
import { leftBehind } from '../../src/load/left-behind.ts'
import { intentRow, outcomeRow } from './journal-rows.ts'
import { MemoryDisk } from './memory-disk.ts'

const open = async (disk: MemoryDisk | FolderDisk = new MemoryDisk(), owner = 'owner', runId = 'run') => ({
  disk,
  ...(await Journal.open(disk, owner, runId)),
})
const durable = (journal: Journal, number: number) =>
  new Promise<void>((resolve) => void journal.intent(intentRow(number), resolve))
const idsOf = (left: Awaited<ReturnType<typeof Journal.open>>['left']) =>
  left.map(({ intent }) => intent.auditId)

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'journal-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

/** Fills the first segment, so that what comes next begins another. */
async function fillSegment(journal: Journal): Promise<number> {
  const segment = journal.intent(intentRow(0, { transactionId: 'x'.repeat(16 * 1024 * 1024) }), () => {})
  await durable(journal, 1)
  await durable(journal, 2)
  return segment
}

describe('the journal', () => {
  it('gives back intents with their outcomes after a restart', async () => {
    const { journal, disk } = await open(new FolderDisk(await folder()))
    await durable(journal, 1)
    await durable(journal, 2)
    journal.outcome(outcomeRow(1))
    await journal.close()
    const { left } = await open(disk)
    expect(left).toEqual([
      { intent: intentRow(1), outcome: outcomeRow(1) },
      { intent: intentRow(2), outcome: null },
    ])
  })

  it('calls an intent durable only when it survives a power cut', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    disk.holdSyncs = true
    const told: number[] = []
    for (const number of [1, 2, 3]) journal.intent(intentRow(number), () => told.push(number))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(told).toEqual([])
    expect(idsOf((await open(disk.powerCut(0))).left)).toEqual([])
    disk.finishSyncs()
    await durable(journal, 4)
    expect(told).toEqual([1, 2, 3])
    expect(idsOf((await open(disk.powerCut(0))).left)).toEqual(['run/1', 'run/2', 'run/3', 'run/4'])
  })

  it('loses nothing durable in a power cut, however much of the rest is there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('intent', 'outcome', 'wait'), { maxLength: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (steps, keptShare) => {
          const disk = new MemoryDisk()
          const { journal } = await open(disk)
          const told: string[] = []
          for (const [number, step] of steps.entries()) {
            if (step === 'intent') journal.intent(intentRow(number), () => told.push(`run/${number}`))
            else if (step === 'outcome') journal.outcome(outcomeRow(number - 1))
            else await new Promise((resolve) => setImmediate(resolve))
          }
          const toldBefore = [...told]
          const { left } = await open(disk.powerCut(keptShare))
          expect(idsOf(left)).toEqual(expect.arrayContaining(toldBefore))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('writes what was appended at any moment around the end of a commit, without waiting for more', async () => {
    for (let depth = 0; depth < 12; depth++) {
      const { journal } = await open()
      await durable(journal, 1)
      for (let turns = 0; turns < depth; turns++) await Promise.resolve()
      await durable(journal, 2)
      await journal.close()
    }
  })

  it('syncs once for all intents that came while another sync ran', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    const before = disk.syncs
    await Promise.all(Array.from({ length: 500 }, (_, number) => durable(journal, number)))
    expect(disk.syncs - before).toBeLessThanOrEqual(2)
  })

  it('does not sync for outcomes alone, and makes them durable with the next intent', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    await durable(journal, 1)
    const before = disk.syncs
    journal.outcome(outcomeRow(1))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(disk.syncs).toBe(before)
    await durable(journal, 2)
    const { left } = await open(disk.powerCut(0))
    expect(left[0]).toEqual({ intent: intentRow(1), outcome: outcomeRow(1) })
  })

  it('has every intent that was told to be durable when its process is killed', async () => {
    const path = await folder()
    for (let round = 1; round <= 3; round++) {
      const printed = await killWhileAppending(path, round * 1_000_000, 40 * round)
      const { journal, left } = await open(new FolderDisk(path))
      expect(printed.length).toBeGreaterThan(0)
      const found = new Set(idsOf(left))
      expect(printed.filter((number) => !found.has(`run/${number}`))).toEqual([])
      await journal.close()
    }
  })
})

/** Kills a process that appends intents after that many lines; answers all that it printed. */
async function killWhileAppending(path: string, first: number, lines: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'append-intents.ts')
  const child = spawn(process.execPath, [script, path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    if (output.split('\n').length > lines) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return output.split('\n').slice(0, -1)
}

describe('the segments of the journal', () => {
  it('leave one that is empty when everything is acknowledged', async () => {
    const path = await folder()
    const { journal } = await open(new FolderDisk(path))
    const segments = await Promise.all(
      [1, 2].map(
        (number) =>
          new Promise<number>((resolve) => {
            const segment: number = journal.intent(intentRow(number), () => resolve(segment))
          }),
      ),
    )
    for (const segment of segments) await journal.acknowledge(segment, 1)
    await journal.close()
    expect(await readdir(path)).toEqual(['journal-00000002.log'])
    expect((await open(new FolderDisk(path))).left).toEqual([])
  })

  it('stay when one intent is not acknowledged', async () => {
    const { journal, disk } = await open()
    await durable(journal, 1)
    await durable(journal, 2)
    await journal.acknowledge(1, 1)
    await journal.close()
    expect(idsOf((await open(disk)).left)).toEqual(['run/1', 'run/2'])
  })

  it('go when the requests of an earlier process are in the warehouse', async () => {
    const disk = new MemoryDisk()
    const first = await open(disk)
    await durable(first.journal, 1)
    const { journal, left } = await open(disk)
    expect(idsOf(left)).toEqual(['run/1'])
    expect(disk.removed).toEqual([])
    await journal.acknowledgeLeft()
    expect(disk.removed).toEqual(['journal-00000001.log'])
  })

  it('go in order, the older first, even when the newer is acknowledged first', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    expect(await fillSegment(journal)).toBe(1)
    const newer = journal.intent(intentRow(3), () => {})
    await durable(journal, 4)
    expect(newer).toBe(2)
    await journal.acknowledge(2, 2)
    expect(disk.removed).toEqual([])
    await journal.acknowledge(1, 3)
    expect(disk.removed).toEqual(['journal-00000001.log'])
    await journal.close()
    expect([...disk.files.keys()]).toEqual(['journal-00000003.log'])
  })

  it('leave no gap when one cannot be removed', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    await fillSegment(journal)
    disk.failRemove = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    await expect(journal.acknowledge(1, 3)).rejects.toThrow('EIO')
    disk.failRemove = null
    await journal.close()
    expect((await open(disk)).left).toEqual([])
  })

  it('are refused when one is missing', async () => {
    const disk = new MemoryDisk()
    for (let segment = 1; segment <= 3; segment++) await open(disk)
    disk.files.delete('journal-00000002.log')
    await expect(open(disk)).rejects.toThrow(/damaged: a segment is missing .*journal-00000002\.log/)
  })

  it('are refused when a closed one is cut short, because that was no crash', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    await durable(journal, 1)
    await open(disk)
    const file = disk.files.get('journal-00000001.log')!
    file.bytes = file.bytes.subarray(0, -5)
    await expect(open(disk)).rejects.toThrow(/a closed segment is cut short/)
  })

  it('are synced before another one follows, also when a killed process left them whole', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    await durable(journal, 1)
    journal.outcome(outcomeRow(1))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    await open(disk)
    const { left } = await open(disk.powerCut(0.5))
    expect(left).toEqual([{ intent: intentRow(1), outcome: outcomeRow(1) }])
  })

  it('of another owner are refused and left as they are', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk, 'duckdb:/one shard 0/1')
    await durable(journal, 1)
    const file = disk.files.get('journal-00000001.log')!
    file.bytes = file.bytes.subarray(0, -5)
    const before = Buffer.from(file.bytes)
    const refused = open(disk, 'duckdb:/two shard 0/1')
    await expect(refused).rejects.toBeInstanceOf(TerminalError)
    await expect(refused).rejects.toThrow('belongs to duckdb:/one shard 0/1, not to duckdb:/two shard 0/1')
    expect([...disk.files.keys()]).toEqual(['journal-00000001.log'])
    expect(file.bytes).toEqual(before)
  })

  it('with one damaged byte stop the program, and the message names the file and what to do', async () => {
    const path = await folder()
    const { journal } = await open(new FolderDisk(path))
    await durable(journal, 1)
    await journal.close()
    const file = join(path, 'journal-00000001.log')
    const bytes = await readFile(file)
    bytes[100]! ^= 1
    await writeFile(file, bytes)
    const error = await open(new FolderDisk(path)).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TerminalError)
    expect((error as TerminalError).message).toContain(file)
    expect((error as TerminalError).hint).toContain('Restore the file from a backup')
  })
})

describe('a disk that fails', () => {
  it('tells once, makes nothing durable any more, and closing says why', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    await durable(journal, 1)
    disk.capacityBytes = 1_000
    const failures: Error[] = []
    const failed = new Promise<void>((resolve) => {
      journal.onFailure = (error) => resolve(void failures.push(error))
    })
    const told: number[] = []
    for (let number = 2; number < 20; number++) journal.intent(intentRow(number), () => told.push(number))
    await failed
    journal.intent(intentRow(20), () => told.push(20))
    journal.outcome(outcomeRow(1))
    await expect(journal.close()).rejects.toBeInstanceOf(TransientError)
    expect(failures.map(({ message }) => message)).toEqual([
      'the journal in memory cannot be written: ENOSPC: no space left on device, write',
    ])
    expect(told).toEqual([])
    disk.capacityBytes = Number.POSITIVE_INFINITY
    expect(idsOf((await open(disk)).left)).toContain('run/1')
  })

  it('counts as failed when only the sync fails', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    disk.failSync = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    const failed = new Promise<Error>((resolve) => {
      journal.onFailure = resolve
    })
    let told = false
    journal.intent(intentRow(1), () => {
      told = true
    })
    expect(await failed).toBeInstanceOf(TransientError)
    disk.failSync = null
    journal.intent(intentRow(2), () => {
      told = true
    })
    await expect(journal.close()).rejects.toThrow('EIO')
    expect(told).toBe(false)
    expect(journal.failure).toBeInstanceOf(TransientError)
  })

  it('that cannot be written to at all is the user’s to mend', async () => {
    const path = join(await folder(), 'file')
    await writeFile(path, '')
    await expect(open(new FolderDisk(path))).rejects.toThrow(`the state directory ${path} cannot be used`)
    await expect(open(new FolderDisk(join(path, 'below')))).rejects.toBeInstanceOf(TerminalError)
  })
})

describe('what an earlier process left behind', () => {
  const NOW_MS = 1_769_900_000_000

  it('is in doubt without an outcome', () => {
    expect(leftBehind([{ intent: intentRow(1), outcome: null }], NOW_MS)).toEqual([
      {
        ...intentRow(1),
        status: 'in_doubt',
        reason: 'process_died',
        httpStatus: null,
        message: 'the process ended before the answer came',
        settledAtMs: NOW_MS,
        latencyMs: null,
      },
    ])
  })

  it('is what the outcome says, also that the request was withdrawn and was no attempt', () => {
    const withdrawn = outcomeRow(1, { status: 'expired', reason: 'too_old', attempt: 0, sentAtMs: null })
    expect(leftBehind([{ intent: intentRow(1), outcome: withdrawn }], NOW_MS)).toEqual([
      { ...intentRow(1), ...withdrawn },
    ])
  })
})

describe('the runs that a journal names', () => {
  it('are all whose records the warehouse may lack, with how far each had claimed', async () => {
    const { journal, disk } = await open(new MemoryDisk(), 'owner', 'first')
    await journal.claim(5)
    await journal.claim(9)
    await open(disk as MemoryDisk, 'owner', 'second')
    const third = await open(disk as MemoryDisk, 'owner', 'third')
    const first = { runId: 'first', claimedToMicros: 9 }
    expect(third.runs).toEqual([first, { runId: 'second', claimedToMicros: null }])
    await third.journal.acknowledgeLeft()
    await third.journal.close()
    expect((await open(disk)).runs).toEqual([{ runId: 'third', claimedToMicros: null }])
  })

  it('keep their claims when the segment in which they stand is gone', async () => {
    const { journal, disk } = await open()
    await journal.claim(7)
    await journal.acknowledge(await fillSegment(journal), 3)
    await journal.close()
    expect((disk as MemoryDisk).removed).toContain('journal-00000001.log')
    expect((await open(disk)).runs).toEqual([{ runId: 'run', claimedToMicros: 7 }])
  })

  it('survive a power cut from the moment in which the journal is open, and claims from when they are told', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk, 'owner', 'first')
    expect((await open(disk.powerCut(0))).runs).toEqual([{ runId: 'first', claimedToMicros: null }])
    await journal.claim(7)
    expect((await open(disk.powerCut(0))).runs).toEqual([{ runId: 'first', claimedToMicros: 7 }])
  })

  it('claim nothing when the disk fails', async () => {
    const disk = new MemoryDisk()
    const { journal } = await open(disk)
    disk.capacityBytes = 0
    await expect(journal.claim(7)).rejects.toThrow(TransientError)
    await expect(journal.claim(8)).rejects.toThrow('cannot be written')
    await expect(journal.close()).rejects.toThrow(TransientError)
  })
})
