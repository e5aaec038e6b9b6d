import { QUIET_MS } from './completeness.ts'
import type { SentEvents } from './sent-events.ts'

/**
 * So many delivered events in a row that the export lacks are a hole in the export (a file that was not fetched), and no loss: Adjust
 * would have to lose them one after the other. What is less counts as loss.
 */
const HOLE_EVENTS = 10

const EXAMPLES = 5

/** How many, and the transaction ids of the first few. */
export interface Examples {
  count: number
  examples: string[]
}

/** How far what the export has agrees with what Adjust answered. */
export interface Quality {
  /** Delivered by Adjust's own answer, in the window. */
  delivered: number
  /** Of those, sent in a time that the export is of: what a share is of. */
  measured: number
  found: number
  /** Measured, and not in the export: lost by Adjust, or by the export. */
  missing: Examples
  /** More often in the export than Adjust answered that it was delivered. */
  duplicated: Examples & { extraRows: number }
  /** Delivered and not measured, and why. */
  notMeasured: { outsideTheExport: number; inHoles: number; tokenNotInExport: number }
  /** In the export though the audit table says otherwise, by what it says. Those in doubt are not among them. */
  contradicted: Map<string, Examples>
}

/**
 * Measures an export that has been matched. A delivered event counts as lost when the export has events of the same app from before and
 * from an hour or more after it, has others of its kind and token, and lacks fewer than ten in a row.
 */
export function measure(events: SentEvents, isDoubt: (index: number) => boolean): Quality {
  const quality: Quality = {
    delivered: 0,
    measured: 0,
    found: 0,
    missing: { count: 0, examples: [] },
    duplicated: { count: 0, examples: [], extraRows: 0 },
    notMeasured: { outsideTheExport: 0, inHoles: 0, tokenNotInExport: 0 },
    contradicted: new Map(),
  }
  measureRows(events, isDoubt, quality)
  measureLoss(events, quality)
  return quality
}

function measureRows(events: SentEvents, isDoubt: (index: number) => boolean, quality: Quality): void {
  for (let index = 0; index < events.size; index++) {
    const found = events.found(index)
    if (found === 0) continue
    const extraRows = found - events.deliveries(index)
    if (extraRows > 0) {
      note(quality.duplicated, events.ids[index]!)
      quality.duplicated.extraRows += extraRows
    }
    if (events.isDelivered(index) || isDoubt(index)) continue
    const outcome = events.outcome(index)
    if (outcome.startsWith('delivered ')) continue
    const examples = quality.contradicted.get(outcome) ?? { count: 0, examples: [] }
    quality.contradicted.set(outcome, examples)
    note(examples, events.ids[index]!)
  }
}

/** Of one app, in the order of sending: what stands between two events that the export has. */
interface Gap {
  missing: number[]
  count: number
  /** When the last event of the app that the export has was sent. */
  endMs: number
}

function measureLoss(events: SentEvents, quality: Quality): void {
  const { scopes, scope, sentAtMs } = events
  const isFound = (index: number) => events.found(index) > 0
  const delivered = Uint32Array.from(
    (function* () {
      for (let index = 0; index < events.size; index++) if (events.isDelivered(index)) yield index
    })(),
  ).sort((one, other) => sentAtMs[one]! - sentAtMs[other]!)
  quality.delivered = delivered.length

  const exported = new Set<number>()
  const endMs = new Map<string, number>()
  for (const index of delivered) {
    if (!isFound(index)) continue
    exported.add(scope[index]!)
    endMs.set(scopes[scope[index]!]!.appToken, sentAtMs[index]!)
  }

  const gaps = new Map<string, Gap>()
  const { notMeasured } = quality
  for (const index of delivered) {
    const { appToken } = scopes[scope[index]!]!
    const gap = gaps.get(appToken)
    if (!exported.has(scope[index]!)) notMeasured.tokenNotInExport++
    else if (isFound(index)) {
      quality.found++
      quality.measured++
      if (gap === undefined) gaps.set(appToken, { missing: [], count: 0, endMs: endMs.get(appToken)! })
      else closeGap(gap, events, quality)
    } else if (gap === undefined || sentAtMs[index]! > gap.endMs - QUIET_MS) notMeasured.outsideTheExport++
    else if (++gap.count <= HOLE_EVENTS) gap.missing.push(index)
  }
}

function closeGap(gap: Gap, events: SentEvents, quality: Quality): void {
  if (gap.count >= HOLE_EVENTS) quality.notMeasured.inHoles += gap.count
  else {
    quality.measured += gap.count
    for (const index of gap.missing) note(quality.missing, events.ids[index]!)
  }
  gap.missing = []
  gap.count = 0
}

function note(examples: Examples, id: string): void {
  examples.count++
  if (examples.examples.length < EXAMPLES) examples.examples.push(id)
}
