import { TerminalError } from '../domain/errors.ts'
import { CsvParser, type CsvRecord } from './csv-parser.ts'

/** Rows of a CSV below its header, as they are read: a few thousand at a time. */
export interface CsvBatch {
  /** Names of the columns as they stand in the file; a name may come twice. */
  header: readonly string[]
  /** As many fields each as the header. */
  records: CsvRecord[]
}

/**
 * Reads a CSV with a header (RFC 4180: commas, double quotes, LF or CRLF, new lines inside quotes; UTF-8, with or without a BOM) as a
 * stream, one object a row, values by column name. A blank line is no row. `name` is for messages.
 *
 * Throws a TerminalError that names the line where the text is not a CSV, where a row has more or fewer fields than the header, where
 * it is not UTF-8, or when the header names a column twice.
 */
export async function* readCsv(
  stream: AsyncIterable<Uint8Array | string>,
  name: string,
): AsyncIterable<Record<string, string>> {
  for await (const { header, records } of readCsvBatches(stream, name)) {
    refuseDoubleColumns(header, name)
    for (const { fields } of records)
      yield Object.fromEntries(header.map((column, index) => [column, fields[index]!]))
  }
}

/** As `readCsv`, in batches and with line numbers. The first batch comes as soon as the header is read, and may have no rows. */
export async function* readCsvBatches(
  stream: AsyncIterable<Uint8Array | string>,
  name: string,
): AsyncIterable<CsvBatch> {
  const parser = new CsvParser(name)
  let header: readonly string[] | null = null
  for await (const text of decoded(stream, name)) {
    const records = text === null ? parser.end() : parser.push(text)
    if (header === null && records.length > 0) header = records.shift()!.fields
    else if (records.length === 0) continue
    if (header === null) continue
    for (const record of records) checkWidth(record, header, name)
    yield { header, records }
  }
  if (header === null)
    throw new TerminalError(`${name} is empty: it has not even a header`, {
      hint: 'The first line has to name the columns.',
    })
}

/** The text piece by piece, and null at its end. */
async function* decoded(
  stream: AsyncIterable<Uint8Array | string>,
  name: string,
): AsyncIterable<string | null> {
  // It also takes off the byte order mark, which spreadsheets write.
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const piece of stream)
      yield decoder.decode(typeof piece === 'string' ? Buffer.from(piece) : piece, { stream: true })
    yield decoder.decode()
  } catch (cause) {
    if (!(cause instanceof TypeError) || (cause as NodeJS.ErrnoException).code !== INVALID_UTF8) throw cause
    throw new TerminalError(`${name} is not UTF-8 text`, {
      cause,
      hint: 'Save it as CSV with UTF-8. A spreadsheet (.xlsx) or another archive than gzip is none.',
    })
  }
  yield null
}

const INVALID_UTF8 = 'ERR_ENCODING_INVALID_ENCODED_DATA'

function checkWidth({ line, fields }: CsvRecord, header: readonly string[], name: string): void {
  if (fields.length === header.length) return
  throw new TerminalError(
    `${name}, line ${line}: ${fields.length} fields, and the header has ${header.length}`,
    { hint: 'Is the file cut off, or are two files with other columns in one? Give it whole.' },
  )
}

function refuseDoubleColumns(header: readonly string[], name: string): void {
  const double = header.find((column, index) => header.indexOf(column) !== index)
  if (double !== undefined)
    throw new TerminalError(`${name}: the header has column ${double} twice`, {
      hint: 'Leave one of them out.',
    })
}
