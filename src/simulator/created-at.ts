/** The time that a request claims for its event. Without a readable one Adjust takes its own receive time. */
export type ClaimedTime = { kind: 'given'; epochMs: number } | { kind: 'missing' } | { kind: 'unreadable' }

/** Reads `created_at` or, if that is missing, `created_at_unix` from decoded parameters. */
export function claimedTime(parameters: ReadonlyMap<string, string>): ClaimedTime {
  const text = parameters.get('created_at')
  const unix = parameters.get('created_at_unix')
  if (text === undefined && unix === undefined) return { kind: 'missing' }
  const epochMs = text !== undefined ? readCreatedAt(text) : readUnix(unix!)
  return epochMs === null ? { kind: 'unreadable' } : { kind: 'given', epochMs }
}

const CREATED_AT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})([+-])(\d\d)(\d\d)$/

/** `2017-01-02T15:04:05.000+0000` and nothing else: a plus that became a space, or a `Z`, is not understood. */
function readCreatedAt(text: string): number | null {
  const match = CREATED_AT.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second, millisecond] = match.slice(1, 8).map(Number) as number[]
  const utc = new Date(0)
  utc.setUTCFullYear(year!, month! - 1, day!)
  utc.setUTCHours(hour!, minute!, second!, millisecond!)
  // Date rolls 30 February over to March; such a text does not come back as it was.
  if (utc.toISOString().slice(0, 23) !== text.slice(0, 23)) return null
  const offsetMs = (Number(match[9]) * 60 + Number(match[10])) * 60_000
  return match[8] === '+' ? utc.getTime() - offsetMs : utc.getTime() + offsetMs
}

/** Below this, a whole number is taken for seconds: as milliseconds it would lie before 1973-03. */
const FIRST_MILLISECONDS = 100_000_000_000

function readUnix(text: string): number | null {
  if (!/^\d{1,15}$/.test(text)) return null
  const number = Number(text)
  return number < FIRST_MILLISECONDS ? number * 1000 : number
}
