import type { Event } from '../domain/event.ts'
import { type Device, Devices } from './devices.ts'

/** Shared by all events with revenue of a device; no event token is spelled like this. */
const REVENUE_SCOPE = ' revenue'
/** Held by an event that tells Adjust that two names are one device, as long as it has to wait. */
const LINK_SCOPE = ' link'

/** An admitted event and its place in the order. */
export interface Ticket {
  readonly event: Event
  /** The one name of the event's device, as far as it is known; null when it names none. */
  readonly deviceRoot: string | null
  /** Names by which later runs will find that device: those of the event, and what it was news to bring together with them. */
  readonly deviceNames: readonly string[]
  state: 'open' | 'settled' | 'held'
  device: Device<Ticket> | null
  scopes: readonly string[]
  /** Ordering keys that it waits for; an earlier event that holds two of them counts twice, here and in its own list. */
  blockers: number
  /** Later events that wait for this one. */
  dependents: Ticket[]
  /** Requests that this run has made for it. */
  requests: number
  /** Those of them that Adjust answered with an error worth a retry. */
  failures: number
  firstSentAtMs: number | null
}

const FRESH = { state: 'open', blockers: 0, requests: 0, failures: 0, firstSentAtMs: null } as const

/** A later event that cannot be sent in this run, because the one named is not settled. */
export interface Blocked {
  ticket: Ticket
  waitsFor: string
}

/**
 * Adjust's order rule: for one device and event token, and for one device over all events with revenue, an event may start
 * only after the earlier ones are settled. An ordering key is a device and a scope (a token, or revenue); a map from key to the
 * last open event that holds it gives all the parallelism that the rule allows. Knows no time and does no I/O.
 *
 * An event that brings names together for the first time changes the device of all the others: Adjust would compare an earlier event of
 * the one name, if it came after, with what it has counted of the other. So it waits for all open events of the device, whatever their
 * keys, and others that carry several names of the device do not overtake it. (It does not wait for those that are held: that can take
 * days, and the news may be none, for this run does not know all that Adjust has seen together.)
 */
export class Ordering {
  readonly #devices = new Devices<Ticket>()

  /** Devices whose later events wait until another run. */
  get heldDevices(): number {
    return this.#devices.heldCount
  }

  /**
   * Events are admitted in (`occurred_at`, `transaction_id`) order.
   * `waitsFor` names an unsettled event that this run will not settle: the ticket is then held, and so is all that follows it.
   */
  admit(event: Event): { ticket: Ticket; waitsFor: string | null } {
    if (event.deviceNames.length === 0) return { ticket: withoutDevice(event), waitsFor: null }
    const { device, isNews } = this.#devices.unite(event.appToken, event.deviceNames)
    const scopes = keysOf(event, device, isNews)
    const deviceRoot = device.root
    const deviceNames = isNews ? namesOf(device, event) : event.deviceNames
    const ticket: Ticket = { ...FRESH, event, deviceRoot, deviceNames, device, scopes, dependents: [] }
    const waitsFor = heldBy(device, scopes)
    if (waitsFor === null) this.#enqueue(ticket, device, isNews)
    else {
      ticket.state = 'held'
      this.#devices.hold(device, scopes, waitsFor)
    }
    return { ticket, waitsFor }
  }

  /** Adjust answered this event with "Device is opted out". */
  optOut({ device }: Ticket): void {
    if (device !== null) this.#devices.current(device).optedOut = true
  }

  isOptedOut({ device }: Ticket): boolean {
    return device !== null && this.#devices.current(device).optedOut
  }

  /** The event is settled: answers the events that nothing blocks any more. */
  settle(ticket: Ticket): Ticket[] {
    ticket.state = 'settled'
    this.#leave(ticket)
    const ready: Ticket[] = []
    for (const dependent of ticket.dependents) {
      dependent.blockers--
      if (dependent.blockers === 0 && dependent.state === 'open') ready.push(dependent)
    }
    ticket.dependents = []
    return ready
  }

  /** The event stays unsettled in this run: answers all later events that must therefore wait as well, in order. */
  hold(ticket: Ticket): Blocked[] {
    this.#holdOne(ticket)
    const blocked: Blocked[] = []
    const queue = [ticket]
    for (let cause = queue.shift(); cause !== undefined; cause = queue.shift()) {
      for (const dependent of cause.dependents) {
        if (dependent.state !== 'open') continue
        this.#holdOne(dependent)
        blocked.push({ ticket: dependent, waitsFor: cause.event.transactionId })
        queue.push(dependent)
      }
      cause.dependents = []
    }
    return blocked
  }

  #enqueue(ticket: Ticket, device: Device<Ticket>, isNews: boolean): void {
    if (isNews) for (const earlier of device.open ?? []) waitFor(ticket, earlier)
    else
      for (const scope of ticket.scopes)
        for (const earlier of device.tails?.get(scope) ?? []) waitFor(ticket, earlier)
    this.#devices.enter(device, ticket.scopes, ticket)
  }

  #holdOne(ticket: Ticket): void {
    ticket.state = 'held'
    if (ticket.device === null) return
    this.#devices.hold(this.#devices.current(ticket.device), ticket.scopes, ticket.event.transactionId)
    this.#leave(ticket)
  }

  #leave(ticket: Ticket): void {
    if (ticket.device === null) return
    this.#devices.release(this.#devices.current(ticket.device), ticket.scopes, ticket)
  }
}

function heldBy(device: Device<Ticket>, scopes: readonly string[]): string | null {
  if (device.held === null) return null
  for (const scope of scopes) {
    const transactionId = device.held.get(scope)
    if (transactionId !== undefined) return transactionId
  }
  return null
}

function withoutDevice(event: Event): Ticket {
  return { ...FRESH, event, deviceRoot: null, deviceNames: [], device: null, scopes: [], dependents: [] }
}

/** A device of more names than this is none: a test phone, or an id that a shop gives to all. */
const NAMES_OF_A_DEVICE = 20

/** All names of the device, those of the event first. */
function namesOf({ names }: Device<Ticket>, { deviceNames }: Event): readonly string[] {
  // The event's are among them.
  if (names.length === deviceNames.length) return deviceNames
  return [...new Set([...deviceNames, ...names.slice(0, NAMES_OF_A_DEVICE)])]
}

/** The scopes that later events will find it in. */
function keysOf(event: Event, device: Device<Ticket>, isNews: boolean): string[] {
  const own = scopesOf(event)
  if (event.deviceNames.length === 1) return own
  const follows = device.tails?.has(LINK_SCOPE) === true || device.held?.has(LINK_SCOPE) === true
  const isLink = follows || (isNews && device.open?.values().some(isInOrder) === true)
  return isLink ? [...own, LINK_SCOPE] : own
}

/** Nothing waits for ad revenue, which has no order. */
function isInOrder({ scopes }: Ticket): boolean {
  return scopes.length > 0
}

function waitFor(ticket: Ticket, earlier: Ticket): void {
  if (!isInOrder(earlier)) return
  earlier.dependents.push(ticket)
  ticket.blockers++
}

function scopesOf(event: Event): string[] {
  // Ad revenue has no order (Adjust's ad revenue page), but its identifiers still say what belongs together.
  if (event.kind === 'ad_revenue') return []
  // Sessions have no token of their own; their order among each other is the device's.
  const scopes = [event.kind === 'session' ? ' session' : (event.eventToken ?? '')]
  if (event.kind === 'event' && event.revenue !== null) scopes.push(REVENUE_SCOPE)
  return scopes
}
