import { findLost } from './lost.ts'
import { findOutOfOrder } from './order.ts'
import { findTooFast, findTwoSenders } from './sending.ts'
import { findTwice } from './twice.ts'
import { findTooManyUnknown } from './unknowns.ts'
import type { Witnesses } from './witnesses.ts'

export const RULES = [
  'lost',
  'twice',
  'out_of_order',
  'too_fast',
  'two_senders',
  'unknowns',
  'stuck',
  'exits',
] as const
/**
 * `unknowns`: a death left more of them than requests were in flight. `stuck`: not settled though nothing stands in its way. `exits`: a
 * process did not end as it should.
 */
export type Rule = (typeof RULES)[number]

/** What broke a rule: a transaction, a run or a process, and what is wrong with it. */
export interface Violation {
  rule: Rule
  what: string
}

export interface CheckSettings {
  requestsPerSecond: number
  concurrency: number
  /** Runs that were not killed, and had a disk to write to: nothing of theirs may stay unknown for their death. */
  endedThemselves: ReadonlySet<string>
  /** A run had to do without the journal of one before it. */
  losesJournal: boolean
}

/** Compares the witnesses at the end, when no fault is left and everything that can be settled has been. */
export function check(witnesses: Witnesses, settings: CheckSettings): Violation[] {
  return [
    ...found('lost', findLost(witnesses, settings)),
    ...found('twice', findTwice(witnesses.truth)),
    ...found('out_of_order', findOutOfOrder(witnesses)),
    ...found('too_fast', findTooFast(witnesses, settings)),
    ...found('two_senders', findTwoSenders(witnesses.audit)),
    ...found('unknowns', findTooManyUnknown(witnesses.audit, settings)),
  ]
}

function found(rule: Rule, what: string[]): Violation[] {
  return what.map((text) => ({ rule, what: text }))
}
