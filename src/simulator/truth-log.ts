import type { FaultName } from './fault-plan.ts'
import { type EventRequest, effectiveTimeMs } from './request.ts'
import type { Violation } from './violations.ts'

/** One request as it arrived, and what became of it. `GET /__truth` prints these, one JSON object a line. */
export interface TruthEntry {
  /** From 1, in arrival order. */
  sequence: number
  /** Epoch milliseconds with fractions, taken when the headers were there. */
  arrivedAtMs: number
  method: string
  path: string
  appToken: string | null
  eventToken: string | null
  /** As sent, without all-zero ones: `{ idfa: '…' }`. */
  identifiers: Readonly<Record<string, string>>
  /** The time that Adjust works with, epoch milliseconds; null when the request could not be read. */
  createdAtMs: number | null
  /** The request had no readable time, so `createdAtMs` is the receive time. */
  createdAtReplaced: boolean
  /** Decimal text as sent. */
  revenue: string | null
  currency: string | null
  /** `transaction_id` of `callback_params`. */
  transactionId: string | null
  /** Every decoded parameter; null when the simulator was told not to keep them. */
  parameters: Readonly<Record<string, string>> | null
  /** What was answered; null when nothing was, or not yet. */
  answer: { readonly status: number; readonly message: string } | null
  /** The planned fault that struck; `client_gone`: the sender hung up before it had the whole answer. */
  fault: FaultName | 'client_gone' | null
  counted: boolean
  violations: readonly Violation[]
}

const NOTHING = {}
const NO_VIOLATIONS: readonly Violation[] = []

/** Keeps every request in arrival order, in few enough bytes that a million of them fit in memory. */
export class TruthLog {
  readonly entries: TruthEntry[] = []
  private readonly keepParameters: boolean
  private readonly strings = new Map<string, string>()
  private readonly answers = new Map<string, NonNullable<TruthEntry['answer']>>()

  constructor(keepParameters: boolean) {
    this.keepParameters = keepParameters
  }

  /** Opens the entry of a request that has just arrived. */
  open(method: string, path: string, arrivedAtMs: number): TruthEntry {
    const entry: TruthEntry = {
      sequence: this.entries.length + 1,
      arrivedAtMs,
      method: this.shared(method),
      path: this.shared(path),
      appToken: null,
      eventToken: null,
      identifiers: NOTHING,
      createdAtMs: null,
      createdAtReplaced: false,
      revenue: null,
      currency: null,
      transactionId: null,
      parameters: null,
      answer: null,
      fault: null,
      counted: false,
      violations: NO_VIOLATIONS,
    }
    this.entries.push(entry)
    return entry
  }

  /** Adds what the request said. */
  noteRequest(entry: TruthEntry, request: EventRequest, violations: readonly Violation[]): void {
    const { parameters, callbackParams } = request
    entry.appToken = this.sharedOrNull(parameters.get('app_token'))
    entry.eventToken = this.sharedOrNull(parameters.get('event_token'))
    entry.identifiers = this.sharedValues(request.identifiers)
    entry.createdAtMs = effectiveTimeMs(request)
    entry.createdAtReplaced = request.claimedTime.kind !== 'given'
    entry.revenue = this.sharedOrNull(parameters.get('revenue'))
    entry.currency = this.sharedOrNull(parameters.get('currency'))
    entry.transactionId = transactionIdOf(callbackParams)
    entry.violations = violations
    if (this.keepParameters) entry.parameters = Object.fromEntries(parameters)
  }

  noteAnswer(entry: TruthEntry, status: number, message: string): void {
    const key = `${status} ${message}`
    const answer = this.answers.get(key) ?? { status, message }
    this.answers.set(key, answer)
    entry.answer = answer
  }

  private sharedValues(record: Readonly<Record<string, string>>): Record<string, string> {
    const copy: Record<string, string> = {}
    for (const [key, value] of Object.entries(record)) copy[key] = this.shared(value)
    return copy
  }

  private sharedOrNull(text: string | undefined): string | null {
    return text === undefined ? null : this.shared(text)
  }

  /** One copy of a text that comes often. */
  private shared(text: string): string {
    const known = this.strings.get(text)
    if (known !== undefined) return known
    const own = detached(text)
    this.strings.set(own, own)
    return own
  }
}

function transactionIdOf(callbackParams: EventRequest['callbackParams']): string | null {
  if (typeof callbackParams === 'string') return null
  return Object.hasOwn(callbackParams, 'transaction_id') ? detached(callbackParams.transaction_id!) : null
}

/** V8 makes a part of a text a view that keeps the whole text alive: here, every request's body. */
function detached(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
