import { MS_PER_HOUR, MS_PER_MINUTE } from '../domain/durations.ts'
import { IdShapes } from './id-shape.ts'
import type { SentEvents } from './sent-events.ts'
import { Timeline } from './timeline.ts'

/** A request whose connection is gone may still be worked on, and its event be filed later: an hour is four times what a resend waits. */
export const QUIET_MS = MS_PER_HOUR

/** Most are filed within this time. Their hours have to be proven by neighbours; later ones only must not lack any. */
const PROMPT_MS = 15 * MS_PER_MINUTE

/** Clocks here and at Adjust differ by less, and an answered event is filed sooner. */
const SKEW_MS = 5 * MS_PER_MINUTE

/**
 * Adjust writes its files by the hour, and each hour's rows may be spread over several. If one of them is lost, an event is in it and
 * none of n neighbours is, with a probability of at most 1 / (e (n + 1)), whatever share of the rows it holds: 3 % for ten.
 */
const HOUR_NEIGHBOURS = 10

/** An event whose outcome is unknown. Epoch milliseconds. */
export interface Moment {
  /** Index in the events. */
  index: number
  /** Its first request began no earlier, its last no later. */
  sentFromMs: number
  sentToMs: number
}

export type Unproven =
  | 'other_token'
  | 'app_not_in_export'
  | 'token_not_in_export'
  | 'id_unlike_others'
  | 'too_recent'
  | 'no_later_neighbour'
  | 'no_earlier_neighbour'
  | 'neighbours_missing'
  | 'too_few_neighbours'

/** `neighbours`: how many delivered events around it the export has; `earlier` and `later`: indexes of the two that enclose it. */
export type Verdict =
  | { kind: 'absent'; earlier: number; later: number; neighbours: number }
  | { kind: 'unproven'; why: Unproven; example: number | null }

interface App {
  bySent: Timeline
  byOccurred: Timeline
  shapes: IdShapes
}

/**
 * Whether an export would have an event if Adjust had counted it. It answers "absent" only where the delivered events around the
 * unknown one show it; each condition is for one way in which an export may be short (`neighbours` are delivered events of the same
 * app that needed one request):
 *
 * 1. The export has neighbours of the same kind and event token, one sent before and one sent an hour or more after, and lacks none
 *    in between: it may be set up without that token, end too early, or begin too late.
 * 2. It lacks no neighbour of any token from the one found before, or the begin of that hour, to the one found after: it may have holes.
 * 3. It has at least ten neighbours sent in the clock hour of the request, and in the next when the request was late in its hour:
 *    files are written by the hour, and one of several of an hour may be lost.
 * 4. It has at least ten neighbours that occurred in the clock hour in which the event occurred, and lacks none: files or
 *    partitions may go by `created_at`, which is when an event occurred, and some of them be missing.
 * 5. Ids as long and of the same kinds of characters came back unchanged: see `IdShapes`.
 * 6. It does not have the id under another app or event token.
 */
export class Completeness {
  readonly #events: SentEvents
  readonly #apps = new Map<string, App>()
  readonly #tokens: Timeline[]

  /** After the whole export has been matched. */
  constructor(events: SentEvents) {
    this.#events = events
    this.#tokens = events.scopes.map(() => new Timeline(events.sentAtMs))
    for (let index = 0; index < events.size; index++) if (events.isDelivered(index)) this.#add(index)
    for (const timeline of this.#timelines()) timeline.sort()
  }

  judge({ index, sentFromMs, sentToMs }: Moment, nowMs: number): Verdict {
    const events = this.#events
    const scope = events.scope[index]!
    const app = this.#apps.get(events.scopes[scope]!.appToken)
    const token = this.#tokens[scope]!
    if (events.isForeign(index)) return unproven('other_token')
    if (app === undefined || app.bySent.isEmpty) return unproven('app_not_in_export')
    if (token.isEmpty) return unproven('token_not_in_export')
    if (!app.shapes.has(events.ids[index]!)) return unproven('id_unlike_others')
    const later = token.firstFoundFrom(sentToMs + QUIET_MS)
    if (later === null) return unproven(nowMs < sentToMs + 2 * QUIET_MS ? 'too_recent' : 'no_later_neighbour')
    // Not one of the last minutes: it may be filed after the unknown one, and say nothing of what lies before.
    const earlier = token.lastFoundBefore(sentFromMs - SKEW_MS)
    if (earlier === null) return unproven('no_earlier_neighbour')
    return (
      this.#gap(token, app.bySent, { earlier, later, sentFromMs, sentToMs }) ??
      this.#thinHour(app, index, sentFromMs, sentToMs) ?? {
        kind: 'absent',
        earlier,
        later,
        neighbours: app.bySent.countFound(events.sentAtMs[earlier]!, events.sentAtMs[later]! + 1),
      }
    )
  }

  /** Rules 1 and 2: a delivered event in between that the export lacks. */
  #gap(
    token: Timeline,
    app: Timeline,
    around: { earlier: number; later: number; sentFromMs: number; sentToMs: number },
  ): Verdict | null {
    const { sentAtMs } = this.#events
    const { earlier, later, sentFromMs, sentToMs } = around
    const before = app.lastFoundBefore(sentFromMs - SKEW_MS)!
    const after = app.firstFoundFrom(sentToMs + QUIET_MS)!
    const fromMs = Math.min(hourOf(sentFromMs - SKEW_MS), sentAtMs[before]!)
    const toMs = Math.max(hourOf(sentToMs + PROMPT_MS) + MS_PER_HOUR, sentAtMs[after]!)
    const example = token.firstMissing(sentAtMs[earlier]!, sentAtMs[later]!) ?? app.firstMissing(fromMs, toMs)
    return example === null ? null : unproven('neighbours_missing', example)
  }

  /** Rules 3 and 4. */
  #thinHour(app: App, index: number, sentFromMs: number, sentToMs: number): Verdict | null {
    for (let hour = hourOf(sentFromMs - SKEW_MS); hour <= sentToMs + PROMPT_MS; hour += MS_PER_HOUR) {
      // Those at its edges may be filed under the hour before or after.
      const found = app.bySent.countFound(hour + SKEW_MS, hour + MS_PER_HOUR - SKEW_MS)
      if (found < HOUR_NEIGHBOURS) return unproven('too_few_neighbours')
    }
    const occurred = hourOf(this.#events.occurredAtMs[index]!)
    const missing = app.byOccurred.firstMissing(occurred, occurred + MS_PER_HOUR, (other) =>
      this.#isWithinReach(app, other),
    )
    if (missing !== null) return unproven('neighbours_missing', missing)
    const found = app.byOccurred.countFound(occurred, occurred + MS_PER_HOUR)
    return found < HOUR_NEIGHBOURS ? unproven('too_few_neighbours') : null
  }

  /** Sent in the time that the export is of: what was sent before or after it, it lacks for another reason. */
  #isWithinReach({ bySent }: App, index: number): boolean {
    const sentAtMs = this.#events.sentAtMs[index]!
    return bySent.lastFoundBefore(sentAtMs) !== null && bySent.firstFoundFrom(sentAtMs + QUIET_MS) !== null
  }

  #add(index: number): void {
    const events = this.#events
    const isFound = events.found(index) > 0
    // Of several requests the export may have another than the one that was answered.
    if (isFound && !events.isSingle(index)) return
    const app = this.#appOf(index)
    for (const timeline of [app.bySent, app.byOccurred, this.#tokens[events.scope[index]!]!])
      timeline.add(index, isFound)
    if (isFound) app.shapes.add(events.ids[index]!)
  }

  #appOf(index: number): App {
    const { scopes, scope, sentAtMs, occurredAtMs } = this.#events
    const { appToken } = scopes[scope[index]!]!
    const known = this.#apps.get(appToken)
    if (known !== undefined) return known
    const app = {
      bySent: new Timeline(sentAtMs),
      byOccurred: new Timeline(occurredAtMs),
      shapes: new IdShapes(),
    }
    this.#apps.set(appToken, app)
    return app
  }

  *#timelines(): Iterable<Timeline> {
    yield* this.#tokens
    for (const { bySent, byOccurred } of this.#apps.values()) yield* [bySent, byOccurred]
  }
}

function hourOf(ms: number): number {
  return Math.floor(ms / MS_PER_HOUR) * MS_PER_HOUR
}

function unproven(why: Unproven, example: number | null = null): Verdict {
  return { kind: 'unproven', why, example }
}
