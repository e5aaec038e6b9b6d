import { createReadStream, globSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { TerminalError } from '../domain/errors.ts'
import { type ColumnFlags, type ExportColumns, findColumns } from './columns.ts'
import { type CsvBatch, readCsvBatches } from './csv.ts'
import { type ExportReader, type ExportRow, readTime, transactionIdOf } from './export-row.ts'

const STANDARD_INPUT = '-'

/**
 * An export of CSV files, gzipped or not: files, folders (all `*.csv` and `*.csv.gz` in them), globs, or `-` for standard input. One
 * that is named twice is read once. Throws a TerminalError for what is not there, what holds no CSV, and what is none.
 */
export async function openFiles(
  given: readonly string[],
  flags: ColumnFlags,
  stdin: Readable,
): Promise<ExportReader> {
  const files = await expand(given)
  const names = files.map((file) => (file === STANDARD_INPUT ? 'standard input' : file))
  return {
    names,
    async *read() {
      for (const [source, file] of files.entries()) {
        const stream = file === STANDARD_INPUT ? stdin : createReadStream(file)
        yield* rowsOf(stream, source, names[source]!, flags)
      }
    },
  }
}

async function* rowsOf(
  stream: Readable,
  source: number,
  name: string,
  flags: ColumnFlags,
): AsyncIterable<ExportRow[]> {
  let columns: ExportColumns | null = null
  try {
    for await (const batch of readCsvBatches(uncompressed(stream), name)) {
      columns ??= findColumns(batch.header, flags, name)
      yield rowsOfBatch(batch, columns, source)
    }
  } catch (cause) {
    throw explained(cause, name)
  }
}

function rowsOfBatch({ records }: CsvBatch, columns: ExportColumns, source: number): ExportRow[] {
  const { transactionId, isJson, appToken, eventToken, time } = columns
  return records.map(({ line, fields }) => ({
    transactionId: isJson ? transactionIdOf(fields[transactionId]!) : fields[transactionId]!,
    appToken: appToken === null ? null : fields[appToken]!,
    eventToken: eventToken === null ? null : fields[eventToken]!,
    atMs: time === null ? null : readTime(fields[time]!),
    source,
    line,
  }))
}

/** Known by its first two bytes, for what comes over a pipe has no name. */
async function* uncompressed(stream: Readable): AsyncIterable<Uint8Array> {
  const pieces = stream[Symbol.asyncIterator]()
  const first: IteratorResult<Uint8Array> = await pieces.next()
  if (first.done) return
  const all = (async function* () {
    yield first.value
    yield* { [Symbol.asyncIterator]: () => pieces }
  })()
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) return yield* all
  // What breaks, breaks the iteration as well; `pipeline` only has to be told that somebody listens.
  yield* pipeline(Readable.from(all), createGunzip(), () => {})
}

async function expand(given: readonly string[]): Promise<string[]> {
  const names = (await Promise.all(given.map(filesOf))).flat()
  const byPath = new Map<string, string>()
  for (const name of names) {
    const key = name === STANDARD_INPUT ? name : await realpath(name)
    if (!byPath.has(key)) byPath.set(key, name)
  }
  return [...byPath.values()]
}

async function filesOf(name: string): Promise<string[]> {
  if (name === STANDARD_INPUT) return [name]
  const found = await stat(name).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw explained(error, name)
  })
  if (found !== null && !found.isDirectory()) return [name]
  const pattern = found === null ? name : path.join(name, '*.{csv,csv.gz}')
  const files = globSync(pattern).sort()
  if (files.length > 0) return files
  throw new TerminalError(
    found === null ? `--export ${name}: no such file` : `--export ${name}: no CSV in it`,
    {
      hint: 'Give a file (CSV, also gzipped), a folder with *.csv or *.csv.gz, a glob in quotes, or - for standard input.',
    },
  )
}

/** Errors of the disk and of zlib in our words; a bug stays one. */
function explained(error: unknown, name: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (typeof code !== 'string' || error instanceof TerminalError) return error
  if (code.startsWith('Z_'))
    return new TerminalError(`${name} is gzipped, and broken: ${message}`, {
      cause: error,
      hint: 'It may be cut off: download it again.',
    })
  if (!/^E[A-Z]+$/.test(code)) return error
  return new TerminalError(`${name} cannot be read: ${message}`, {
    cause: error,
    hint: 'Look at the path and at who may read it.',
  })
}
