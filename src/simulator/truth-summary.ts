import type { TruthEntry } from './truth-log.ts'

/** The sums of a truth log. `GET /__truth?summary=1` prints one. */
export interface TruthSummary {
  requests: number
  counted: number
  /** Transaction ids that were counted more than once. */
  countedTwice: string[]
  /** `sequence` of counted events that came after a later one of the same device and token, or with revenue. */
  outOfOrder: number[]
  /** The one second (sliding, half-open) with the most arrivals; null without requests. */
  busiestSecond: { startMs: number; requests: number } | null
  /** Most frequent first; status and message are null where nothing was answered. */
  answers: { status: number | null; message: string | null; count: number }[]
  faults: Record<string, number>
  violations: Record<string, number>
}

/**
 * Sums up a truth log, in arrival order. Order is worked out from the entries alone, without the rules by which the
 * simulator accepted them: the one is the other's check.
 */
export function summarizeTruth(entries: Iterable<TruthEntry>): TruthSummary {
  const all = [...entries]
  const counted = all.filter((entry) => entry.counted)
  return {
    requests: all.length,
    counted: counted.length,
    countedTwice: repeated(counted.flatMap(({ transactionId }) => transactionId ?? [])),
    outOfOrder: findOutOfOrder(counted),
    busiestSecond: findBusiestSecond(all.map(({ arrivedAtMs }) => arrivedAtMs)),
    answers: countAnswers(all),
    faults: tally(all.flatMap(({ fault }) => fault ?? [])),
    violations: tally(all.flatMap(({ violations }) => violations)),
  }
}

function repeated(ids: string[]): string[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const id of ids) (seen.has(id) ? twice : seen).add(id)
  return [...twice]
}

function tally(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries([...counts].sort())
}

function countAnswers(entries: TruthEntry[]): TruthSummary['answers'] {
  const counts = new Map<string, TruthSummary['answers'][number]>()
  for (const { answer } of entries) {
    const key = answer ? `${answer.status} ${answer.message}` : ''
    const row = counts.get(key) ?? { status: null, message: null, ...answer, count: 0 }
    row.count += 1
    counts.set(key, row)
  }
  return [...counts.values()].sort((one, other) => other.count - one.count)
}

const SECOND_MS = 1000

/** Arrivals at `t` and at `t + 1000` do not share a second. */
function findBusiestSecond(arrivalsMs: number[]): TruthSummary['busiestSecond'] {
  const times = Float64Array.from(arrivalsMs).sort()
  let busiest: TruthSummary['busiestSecond'] = null
  let start = 0
  for (const [index, timeMs] of times.entries()) {
    while (timeMs - times[start]! >= SECOND_MS) start += 1
    const requests = index - start + 1
    if (requests > (busiest?.requests ?? 0)) busiest = { startMs: times[start]!, requests }
  }
  return busiest
}

/** Newest time of a device so far, for each event token (`token:abc`) and over all revenue (`revenue`). */
interface Track {
  names: string[]
  newestMs: Map<string, number>
}

/** Takes entries as one device from the first that carries both of their identifiers, as Adjust does. */
function findOutOfOrder(counted: TruthEntry[]): number[] {
  const tracks = new Map<string, Track>()
  const outOfOrder: number[] = []
  for (const entry of counted) {
    const names = Object.entries(entry.identifiers).map(
      ([kind, value]) => `${entry.appToken} ${kind} ${value.toLowerCase()}`,
    )
    const track = joinTracks(tracks, names)
    if (entry.path === '/event' && entry.createdAtMs !== null && !advance(track, entry, entry.createdAtMs)) {
      outOfOrder.push(entry.sequence)
    }
  }
  return outOfOrder
}

/** Relabels the smaller tracks with the largest: no chain of merges to follow, and none to get wrong. */
function joinTracks(tracks: Map<string, Track>, names: string[]): Track {
  const own: Track = { names: names.filter((name) => !tracks.has(name)), newestMs: new Map() }
  const parts = [...new Set([own, ...names.flatMap((name) => tracks.get(name) ?? [])])]
  const target = parts.reduce((best, part) => (part.names.length > best.names.length ? part : best))
  const moved = parts.filter((part) => part !== target)
  for (const part of moved) moveInto(target, part)
  for (const name of [...own.names, ...moved.flatMap((part) => part.names)]) tracks.set(name, target)
  return target
}

function moveInto(target: Track, part: Track): void {
  target.names.push(...part.names)
  for (const [key, ms] of part.newestMs) raise(target, key, ms)
}

function raise(track: Track, key: string, ms: number): void {
  track.newestMs.set(key, Math.max(ms, track.newestMs.get(key) ?? ms))
}

/** Whether the entry is no earlier than what its track has seen; the track then knows its time. */
function advance(track: Track, entry: TruthEntry, createdAtMs: number): boolean {
  const keys = [`token:${entry.eventToken}`, ...(entry.revenue === null ? [] : ['revenue'])]
  const inOrder = keys.every((key) => createdAtMs >= (track.newestMs.get(key) ?? createdAtMs))
  for (const key of keys) raise(track, key, createdAtMs)
  return inOrder
}
