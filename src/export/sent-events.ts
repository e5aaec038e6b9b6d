import type { ExportRow } from './export-row.ts'

/** An app's events of one kind and token: a raw data export holds all of them, or is set up without them. */
export interface Scope {
  appToken: string
  kind: string
  /** null for kinds that have none. */
  eventToken: string | null
}

export interface SentEvent extends Scope {
  transactionId: string
  /** What the audit table says of it: `delivered ok`. */
  outcome: string
  /** Epoch milliseconds: when the request began that was answered, or else the last one. */
  sentAtMs: number
  occurredAtMs: number
  /** Adjust's own answer says that it was delivered. */
  isDelivered: boolean
  /** Requests that were made for it. */
  requests: number
  /** Answers that say so; more than one after `--resend all`. */
  deliveries: number
}

/** What became of an export's row: `foreign` carries one of our ids under another app or event token. */
export type Match = 'found' | 'foreign' | 'unknown'

const [DELIVERED, SINGLE, FOREIGN] = [1, 2, 4]
const MANY = 255

/** Lines of a file that are told apart; a file of more is not one of Adjust's hourly ones. */
const LINES = 2 ** 32

/**
 * The events of a window, and how often an export has each. Millions of them fit into memory, for each is an entry of a map and 31 bytes
 * in columns, not an object.
 */
export class SentEvents {
  readonly scopes: Scope[] = []
  readonly ids: string[] = []
  readonly sentAtMs: Float64Array
  readonly occurredAtMs: Float64Array
  /** Index in `scopes`. */
  readonly scope: Uint32Array
  readonly #flags: Uint8Array
  readonly #deliveries: Uint8Array
  readonly #found: Uint8Array
  readonly #place: Float64Array
  readonly #outcome: Uint8Array
  readonly #outcomes: string[] = []
  readonly #indexes = new Map<string, number>()
  readonly #scopeIndexes = new Map<string, number>()

  /** `capacity`: as many as will be added. */
  constructor(capacity: number) {
    this.sentAtMs = new Float64Array(capacity)
    this.occurredAtMs = new Float64Array(capacity)
    this.scope = new Uint32Array(capacity)
    this.#flags = new Uint8Array(capacity)
    this.#deliveries = new Uint8Array(capacity)
    this.#found = new Uint8Array(capacity)
    this.#place = new Float64Array(capacity)
    this.#outcome = new Uint8Array(capacity)
  }

  get size(): number {
    return this.ids.length
  }

  /** Answers its index; the first one of an id stays. */
  add(event: SentEvent): number {
    const known = this.#indexes.get(event.transactionId)
    if (known !== undefined) return known
    const index = this.ids.push(event.transactionId) - 1
    if (index >= this.sentAtMs.length) throw new Error('more events than there is room for')
    this.#indexes.set(event.transactionId, index)
    this.sentAtMs[index] = event.sentAtMs
    this.occurredAtMs[index] = event.occurredAtMs
    this.scope[index] = this.#scopeOf(event)
    this.#flags[index] = (event.isDelivered ? DELIVERED : 0) | (event.requests === 1 ? SINGLE : 0)
    this.#deliveries[index] = Math.min(event.deliveries, MANY)
    this.#outcome[index] = this.#outcomeOf(event.outcome)
    return index
  }

  /** Notes a row of the export. */
  match(row: ExportRow): Match {
    const index = this.#indexes.get(row.transactionId)
    if (index === undefined) return 'unknown'
    if (!isOfScope(row, this.scopes[this.scope[index]!]!)) {
      this.#flags[index]! |= FOREIGN
      return 'foreign'
    }
    const found = this.#found[index]!
    if (found === 0) this.#place[index] = row.source * LINES + (row.line ?? 0)
    if (found < MANY) this.#found[index] = found + 1
    return 'found'
  }

  /** How often the export has it; 255 stands for all that is more. */
  found(index: number): number {
    return this.#found[index]!
  }

  /** How often it is to be in the export at most. */
  deliveries(index: number): number {
    return Math.max(1, this.#deliveries[index]!)
  }

  outcome(index: number): string {
    return this.#outcomes[this.#outcome[index]!]!
  }

  isDelivered(index: number): boolean {
    return (this.#flags[index]! & DELIVERED) !== 0
  }

  /** One request was made: where the export has the event, it has that one. */
  isSingle(index: number): boolean {
    return (this.#flags[index]! & SINGLE) !== 0
  }

  isForeign(index: number): boolean {
    return (this.#flags[index]! & FOREIGN) !== 0
  }

  /** Where the export has it first: `day.csv.gz, line 17`, or the name of the table. */
  place(index: number, names: readonly string[]): string {
    const place = this.#place[index]!
    const name = names[Math.floor(place / LINES)]!
    return place % LINES === 0 ? name : `${name}, line ${place % LINES}`
  }

  #scopeOf({ appToken, kind, eventToken }: Scope): number {
    const key = JSON.stringify([appToken, kind, eventToken])
    const known = this.#scopeIndexes.get(key)
    if (known !== undefined) return known
    const index = this.scopes.push({ appToken, kind, eventToken }) - 1
    this.#scopeIndexes.set(key, index)
    return index
  }

  /** There are as many as reasons. */
  #outcomeOf(outcome: string): number {
    const known = this.#outcomes.indexOf(outcome)
    return known >= 0 ? known : this.#outcomes.push(outcome) - 1
  }
}

function isOfScope({ appToken, eventToken }: ExportRow, scope: Scope): boolean {
  if (appToken !== null && appToken !== scope.appToken) return false
  return eventToken === null || scope.eventToken === null || eventToken === scope.eventToken
}
