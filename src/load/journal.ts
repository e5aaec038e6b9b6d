import { TerminalError, TransientError } from '../domain/errors.ts'
import type { AppendFile, Disk } from './disk.ts'
import { decodeSegment, encodeFrame } from './journal-format.ts'
import type { IntentRow, JournalRecord, OutcomeRow } from './journal-record.ts'

/** A segment that is full is closed, and deleted once the warehouse has acknowledged all of it. */
const SEGMENT_BYTES = 16 * 1024 * 1024
const SEGMENT_NAME = /^journal-(\d{8})\.log$/

/** A request that an earlier process journalled, with its outcome if one got that far. */
export interface JournalledRequest {
  intent: IntentRow
  outcome: OutcomeRow | null
}

/** A run that wrote this journal. */
export interface JournalledRun {
  runId: string
  /** Epoch microseconds: how far it had claimed to send by the time of its last record here; null when it had not. */
  claimedToMicros: number | null
}

/** What earlier processes left in a journal. */
export interface JournalContents {
  left: JournalledRequest[]
  runs: JournalledRun[]
}

interface Segment {
  number: number
  file: AppendFile | null
  bytes: number
  /** Intents whose audit row the warehouse has not acknowledged yet. */
  unacknowledged: number
}

/**
 * The memory that outlives a crash: before a request leaves, its intent is durable here; its outcome follows.
 * Group commit: whatever has gathered while one write and sync ran goes out with the next.
 */
export class Journal {
  readonly #disk: Disk
  readonly #owner: string
  readonly #run: JournalledRun
  readonly #segments: Segment[] = []
  #pending: JournalRecord[] = []
  #waiting: (() => void)[] = []
  /** What fails those who wait for a claim. */
  readonly #claiming = new Set<(error: Error) => void>()
  #current!: Segment
  #frames = 0
  #durableFrames = 0
  #writing: Promise<void> | null = null
  #failure: Error | null = null
  #onFailure: (error: Error) => void = () => {}

  private constructor(disk: Disk, owner: string, runId: string) {
    this.#disk = disk
    this.#owner = owner
    this.#run = { runId, claimedToMicros: null }
  }

  /**
   * Opens the journal in a folder and reads what earlier processes left there. A torn tail is dropped; damage stops the program.
   *
   * @param owner names the warehouse and the shard: another owner's journal is refused, because its requests are not ours to settle.
   * @param runId names the run that writes from now on. The name is durable when this returns, and stays until another run has opened
   *   the journal and called `acknowledgeLeft`: a run whose name is not found here had another journal.
   * @throws TerminalError when the journal is damaged, belongs to another owner, or the folder cannot be used.
   */
  static async open(
    disk: Disk,
    owner: string,
    runId: string,
  ): Promise<{ journal: Journal } & JournalContents> {
    const journal = new Journal(disk, owner, runId)
    try {
      const contents = await journal.#readSegments()
      await journal.#startSegment()
      return { journal, ...contents }
    } catch (error) {
      throw explainDiskError(error, disk.name)
    }
  }

  /** Why nothing becomes durable any more; null while the disk takes what is written. */
  get failure(): Error | null {
    return this.#failure
  }

  /** Called once if writing fails: from then on nothing becomes durable any more, so nothing may be sent. */
  set onFailure(callback: (error: Error) => void) {
    this.#onFailure = callback
  }

  /** Writes an intent; `onDurable` is called when a power cut can no longer take it, and never if the disk fails. */
  intent(row: IntentRow, onDurable: () => void): number {
    this.#current.unacknowledged++
    this.#pending.push({ type: 'intent', row })
    this.#waiting.push(onDurable)
    this.#commitSoon()
    return this.#current.number
  }

  /** Writes an outcome. It is durable at the latest together with the next intent. */
  outcome(row: OutcomeRow): void {
    this.#pending.push({ type: 'outcome', row })
    this.#commitSoon()
  }

  /**
   * Notes how far the run is about to claim to send, before the warehouse knows it: of a copy of this journal that was made earlier, the
   * next run then finds that the warehouse knows more. Resolves when that is durable.
   */
  claim(toMicros: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure)
      this.#run.claimedToMicros = toMicros
      this.#claiming.add(reject)
      this.#pending.push({ type: 'claim', toMicros })
      this.#waiting.push(() => {
        this.#claiming.delete(reject)
        resolve()
      })
      this.#commitSoon()
    })
  }

  /** The warehouse has the audit rows of that many intents of a segment. Segments go in order, oldest first. */
  async acknowledge(segmentNumber: number, intents: number): Promise<void> {
    const segment = this.#segments.find(({ number }) => number === segmentNumber)
    if (segment) segment.unacknowledged -= intents
    await this.#deleteAcknowledged()
  }

  /** Everything that `open` found is in the warehouse now. */
  async acknowledgeLeft(): Promise<void> {
    for (const segment of this.#segments) {
      if (segment !== this.#current) segment.unacknowledged = 0
    }
    await this.#deleteAcknowledged()
  }

  /**
   * Writes out what is pending. A journal that the warehouse has acknowledged completely leaves one empty segment, naming its owner.
   *
   * @param tidy `false` for a process that has lost its right to send: the folder may be its successor's by now, so it begins no segment.
   * @throws the error that ended writing, if one did: nobody else tells the user that the disk is full.
   */
  async close({ tidy = true }: { tidy?: boolean } = {}): Promise<void> {
    while (this.#writing !== null) await this.#writing
    try {
      if (this.#failure === null) await this.#finish(tidy)
    } catch (error) {
      this.#failure = explainDiskError(error, this.#disk.name)
    }
    await this.#current.file?.close()
    if (this.#failure !== null) throw this.#failure
  }

  async #finish(tidy: boolean): Promise<void> {
    await this.#sync()
    if (tidy && this.#frames > 1 && this.#segments.every(({ unacknowledged }) => unacknowledged === 0)) {
      await this.#startSegment()
      await this.#deleteAcknowledged()
    }
  }

  #commitSoon(): void {
    if (this.#writing !== null || this.#failure !== null) return
    this.#writing = this.#commitAll()
      .catch((error: Error) => {
        this.#failure = explainDiskError(error, this.#disk.name)
        this.#onFailure(this.#failure)
        for (const reject of this.#claiming) reject(this.#failure)
      })
      .finally(() => {
        this.#writing = null
        // What came between the last look at the pending records and now would otherwise wait for ever.
        if (this.#pending.length > 0) this.#commitSoon()
      })
  }

  async #commitAll(): Promise<void> {
    // Lets the callers of this turn gather before the first write.
    await Promise.resolve()
    while (this.#pending.length > 0) {
      if (this.#current.bytes >= SEGMENT_BYTES) await this.#rotate()
      await this.#commit()
    }
  }

  async #commit(): Promise<void> {
    const records = this.#pending
    const waiting = this.#waiting
    this.#pending = []
    this.#waiting = []
    await this.#writeFrame(records, waiting.length > 0)
    // Outside of this promise, so that a bug in a caller is a crash and not taken for a fault of the disk.
    queueMicrotask(() => {
      for (const onDurable of waiting) onDurable()
    })
  }

  /** Outcomes alone are not worth a sync of their own: a killed process leaves them with the operating system all the same. */
  async #writeFrame(records: JournalRecord[], sync: boolean): Promise<void> {
    const { file } = this.#current
    if (file === null) throw new Error('the journal is closed')
    const frame = encodeFrame(this.#frames, this.#durableFrames, records)
    await new Promise<void>((resolve, reject) =>
      file.append(frame, (error) => (error ? reject(error) : resolve())),
    )
    this.#current.bytes += frame.length
    this.#frames++
    if (!sync) return
    await this.#sync()
    this.#durableFrames = this.#frames
  }

  async #rotate(): Promise<void> {
    await this.#sync()
    await this.#startSegment()
  }

  #sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#current.file!.sync((error) => (error ? reject(error) : resolve()))
    })
  }

  async #startSegment(): Promise<void> {
    const number = (this.#segments.at(-1)?.number ?? 0) + 1
    const file = await this.#disk.create(segmentName(number))
    // Closed only now: if there is no room for a new one, this one is still the current one, and is closed once.
    const old = this.#current?.file
    this.#current = { number, file, bytes: 0, unacknowledged: 0 }
    await old?.close()
    this.#segments.push(this.#current)
    this.#frames = 0
    this.#durableFrames = 0
    const { runId: run, claimedToMicros } = this.#run
    const header = {
      type: 'segment',
      format: 1,
      owner: this.#owner,
      segment: number,
      run,
      claimedToMicros,
    } as const
    await this.#writeFrame([header], true)
  }

  async #deleteAcknowledged(): Promise<void> {
    for (let [oldest] = this.#segments; oldest !== this.#current; [oldest] = this.#segments) {
      if (oldest === undefined || oldest.unacknowledged > 0) return
      await this.#disk.remove(segmentName(oldest.number)).catch((error: unknown) => {
        throw explainDiskError(error, this.#disk.name)
      })
      // Only now: a segment that could not be removed keeps the later ones, because a gap would read as damage.
      if (this.#segments[0] === oldest) this.#segments.shift()
    }
  }

  async #readSegments(): Promise<JournalContents> {
    const requests = new Map<string, JournalledRequest>()
    const runs = new Map<string, JournalledRun>()
    const files = (await this.#disk.list()).filter((file) => SEGMENT_NAME.test(file)).sort()
    for (const file of files) {
      const number = Number(SEGMENT_NAME.exec(file)![1])
      const expected = (this.#segments.at(-1)?.number ?? number - 1) + 1
      if (number !== expected) throw this.#damaged(segmentName(expected), 0, 'a segment is missing')
      const records = await this.#readSegment(file, file === files.at(-1))
      collect(records, requests)
      collectRun(records, runs)
      this.#segments.push({ number, file: null, bytes: 0, unacknowledged: Number.POSITIVE_INFINITY })
    }
    return { left: [...requests.values()], runs: [...runs.values()] }
  }

  async #readSegment(file: string, isLast: boolean): Promise<JournalRecord[]> {
    const content = decodeSegment(Buffer.from(await this.#disk.read(file)))
    if (content.kind === 'damaged') throw this.#damaged(file, content.offset, content.why)
    // A segment is synced before the next one begins, so only the newest can have been cut by a crash.
    if (content.kind === 'torn' && !isLast)
      throw this.#damaged(file, content.validBytes, 'a closed segment is cut short')
    this.#checkOwner(content.records[0], file)
    // Also when it is whole: a killed process may have left it in the operating system's memory, and it is closed from now on.
    if (isLast) await this.#disk.truncate(file, content.validBytes)
    return content.records
  }

  #checkOwner(first: JournalRecord | undefined, file: string): void {
    if (first === undefined) return
    if (first.type !== 'segment' || first.format !== 1)
      throw this.#damaged(file, 0, 'it does not begin as a segment of this version does')
    if (first.owner === this.#owner) return
    throw new TerminalError(
      `the journal in ${this.#disk.name} belongs to ${first.owner}, not to ${this.#owner}`,
      { hint: 'Give each warehouse and shard a state_dir of its own.' },
    )
  }

  #damaged(file: string, offset: number, why: string): TerminalError {
    return new TerminalError(`the journal is damaged: ${why} (${this.#disk.name}/${file}, byte ${offset})`, {
      hint:
        'It may tell of requests whose outcome the warehouse does not know, so nothing is sent. Restore the file from a backup, ' +
        "or move it away after looking for the last events in Adjust's raw data export.",
    })
  }
}

function collect(records: readonly JournalRecord[], requests: Map<string, JournalledRequest>): void {
  for (const record of records) {
    if (record.type === 'intent') requests.set(record.row.auditId, { intent: record.row, outcome: null })
    else if (record.type === 'outcome') {
      const request = requests.get(record.row.auditId)
      // Its intent was in a segment that has been acknowledged and deleted.
      if (request !== undefined) request.outcome = record.row
    }
  }
}

/** The newest segment of a run knows most of it, and comes last. */
function collectRun(records: readonly JournalRecord[], runs: Map<string, JournalledRun>): void {
  const [header] = records
  if (header?.type !== 'segment') return
  const claims = records.flatMap((record) => (record.type === 'claim' ? record.toMicros : []))
  runs.set(header.run, { runId: header.run, claimedToMicros: claims.at(-1) ?? header.claimedToMicros })
}

function segmentName(number: number): string {
  return `journal-${String(number).padStart(8, '0')}.log`
}

/** A full or read-only disk is nobody's bug: the message names the folder. */
function explainDiskError(error: unknown, folder: string): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined || error instanceof TerminalError) return error as Error
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') {
    return new TransientError(`the journal in ${folder} cannot be written: ${message}`, {
      cause: error,
      hint: 'Nothing is sent without a journal. Make room on the disk (or replace it); the next run goes on from here.',
    })
  }
  return new TerminalError(`the state directory ${folder} cannot be used: ${message}`, {
    cause: error,
    hint: 'state_dir has to be a folder that this user can write to.',
  })
}
