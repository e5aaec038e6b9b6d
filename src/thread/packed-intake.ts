import type { Event } from '../domain/event.ts'
import type { Intake, IntakeBatch } from '../intake.ts'

/** What many events have in common. */
type Facet = Pick<Event, 'kind' | 'appToken' | 'eventToken' | 'currency' | 'path' | 'warnings'>

/**
 * A batch as it crosses between threads: ordinary events column by column, for a structured clone of objects takes four times as long, and
 * leaves a dozen more of them for each event to the garbage collector. Rows are numbered as they stand in the batch.
 */
export interface PackedIntake {
  totalRows: number
  instants: readonly (number | null)[]
  /** Rows that are no ordinary events, with their numbers. */
  others: [number, Intake][]
  facets: Facet[]
  /** Of each ordinary event, the place of its facet. */
  facet: number[]
  transactionId: string[]
  occurredAtMicros: number[]
  expiresAtMs: number[]
  revenue: (string | null)[]
  /** One after the other, with a blank between them. */
  deviceNames: string[]
  query: string[]
}

export function packIntake({ totalRows, instants, rows }: IntakeBatch): PackedIntake {
  const packed: PackedIntake = {
    totalRows,
    instants,
    others: [],
    facets: [],
    facet: [],
    transactionId: [],
    occurredAtMicros: [],
    expiresAtMs: [],
    revenue: [],
    deviceNames: [],
    query: [],
  }
  const places = new Map<string, number>()
  let number = 0
  for (const row of rows) {
    if (row.kind === 'event' && isOrdinary(row.event)) addEvent(packed, row.event, places)
    else packed.others.push([number, row])
    number++
  }
  return packed
}

export function unpackIntake(packed: PackedIntake): IntakeBatch {
  const { totalRows, instants } = packed
  return { totalRows, instants, rows: rowsOf(packed) }
}

/** Identifiers in plain text and what earlier runs left are rare. */
function isOrdinary({ earlier, identifiers }: Event): boolean {
  return earlier === null && identifiers === null
}

function addEvent(packed: PackedIntake, event: Event, places: Map<string, number>): void {
  const { kind, appToken, eventToken, currency, path, warnings } = event
  // A token may be any text, `null` among them.
  const key = `${kind} ${path} ${currency} ${warnings} ${appToken.length} ${appToken} ${eventToken === null} ${eventToken}`
  let place = places.get(key)
  if (place === undefined) {
    place = packed.facets.push({ kind, appToken, eventToken, currency, path, warnings }) - 1
    places.set(key, place)
  }
  packed.facet.push(place)
  packed.transactionId.push(event.transactionId)
  packed.occurredAtMicros.push(event.occurredAtMicros)
  packed.expiresAtMs.push(event.expiresAtMs)
  packed.revenue.push(event.revenue)
  packed.deviceNames.push(event.deviceNames.join(' '))
  packed.query.push(event.query)
}

/** One after the other, as they are wanted: an event that waits for its turn is cheapest in its column. */
function* rowsOf(packed: PackedIntake): Generator<Intake, void> {
  const { others, instants, facet } = packed
  let [other, ordinary] = [0, 0]
  for (let number = 0; number < instants.length; number++) {
    if (others[other]?.[0] === number) yield others[other++]![1]
    else yield { kind: 'event', event: eventAt(packed, ordinary++) }
  }
  if (ordinary !== facet.length) throw new Error(`${facet.length} events were packed, ${ordinary} came out`)
}

function eventAt(packed: PackedIntake, index: number): Event {
  const { kind, appToken, eventToken, currency, path, warnings } = packed.facets[packed.facet[index]!]!
  const names = packed.deviceNames[index]!
  return {
    transactionId: packed.transactionId[index]!,
    kind,
    appToken,
    eventToken,
    occurredAtMicros: packed.occurredAtMicros[index]!,
    revenue: packed.revenue[index]!,
    currency,
    deviceNames: names === '' ? [] : names.split(' '),
    identifiers: null,
    path,
    query: packed.query[index]!,
    expiresAtMs: packed.expiresAtMs[index]!,
    warnings,
    earlier: null,
  }
}
