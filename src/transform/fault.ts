import { REASONS, type Reason } from '../domain/reason.ts'
import type { Status } from '../domain/settlement.ts'

/** Reasons that settle a row, that is all but those of an attempt that was followed by another. */
export type SettlingReason = {
  [R in Reason]: (typeof REASONS)[R]['status'] extends Status ? R : never
}[Reason]

/** Why a row is not sent: what a check returns in place of its result. The status follows from the reason. */
export class Fault {
  readonly reason: SettlingReason
  /** Names the column and what is wrong with it; never an identifier, an address or a secret. */
  readonly message: string | null

  constructor(reason: SettlingReason, message: string | null) {
    this.reason = reason
    this.message = message
  }
}

export function fault(reason: SettlingReason, message: string | null = null): Fault {
  return new Fault(reason, message)
}

export function isFault(result: unknown): result is Fault {
  return result instanceof Fault
}

/** Status under which a fault is settled. */
export function statusOf(reason: SettlingReason): Status {
  return REASONS[reason].status
}

/** Enough to recognise a value by, short enough for a table cell. */
const EXCERPT_CHARACTERS = 40

/** A name as it may stand in a message: cut, always valid text. */
export function cut(text: string): string {
  return text.length > EXCERPT_CHARACTERS
    ? `${text.slice(0, EXCERPT_CHARACTERS).toWellFormed()}…`
    : text.toWellFormed()
}

/** A value as it may stand in a message: the same in quotes. */
export function excerpt(text: string): string {
  return `"${cut(text)}"`
}
