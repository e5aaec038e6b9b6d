/** One row of a raw data export, as far as it is needed here. */
export interface ExportRow {
  /** Empty when the row carries none, as those of other senders. */
  transactionId: string
  /** null when the export has no such column. */
  appToken: string | null
  /** null when the export has no such column. */
  eventToken: string | null
  /** The export's own time, epoch milliseconds; null when it has none or one that cannot be read. */
  atMs: number | null
  /** Which of `ExportReader.names` it comes from. */
  source: number
  /** Where it stands in there; null in a table. */
  line: number | null
}

/** An export that can be read once. */
export interface ExportReader {
  /** Files, or one table. */
  names: string[]
  read(): AsyncIterable<ExportRow[]>
}

/** `transaction_id` of a JSON object of callback parameters; empty when it has none or is no object. */
export function transactionIdOf(json: string): string {
  if (!json.includes('transaction_id')) return ''
  try {
    const id: unknown = (JSON.parse(json) as Record<string, unknown> | null)?.transaction_id
    return typeof id === 'string' ? id : typeof id === 'number' ? String(id) : ''
  } catch {
    return ''
  }
}

/** Ten digits are seconds from 2001 to 2286, thirteen milliseconds, sixteen microseconds. */
const UNIT_BY_DIGITS: Record<number, number> = { 10: 1000, 13: 1, 16: 1e-3 }

/** Adjust's timestamps are Unix seconds ("1404214665"); other tools make ISO instants of them. Epoch milliseconds, or null. */
export function readTime(text: string): number | null {
  const trimmed = text.trim()
  if (/^\d+$/.test(trimmed)) {
    const unitMs = UNIT_BY_DIGITS[trimmed.length]
    return unitMs === undefined ? null : Number(trimmed) * unitMs
  }
  // Without a zone it would be read in the machine's own.
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(Z|UTC|[+-]\d\d:?\d\d)$/.test(trimmed)) return null
  const ms = Date.parse(trimmed.replace(' ', 'T').replace(/ ?UTC$/, 'Z'))
  return Number.isNaN(ms) ? null : ms
}
