import type { Event } from '../../src/domain/event.ts'

type State = 'open' | 'settled' | 'held'

interface Entry {
  event: Event
  state: State
  /** Conflicting events that were unsettled when this one was admitted. */
  blockers: Entry[]
  /** It brings names together, or follows one that does, and had to wait for that. */
  isLink: boolean
}

/** The order rule, said as slowly and plainly as possible: what `Ordering` is compared with. */
export class OrderingModel {
  readonly #entries: Entry[] = []
  /** By app: sets of names that are one device, as far as the events so far tell. */
  #devices: { app: string; names: Set<string> }[] = []

  admit(event: Event): void {
    const isNews = this.#unite(event)
    const unsettled = this.#entries.filter(
      (earlier) => earlier.state !== 'settled' && this.#sameDevice(earlier.event, event),
    )
    const links = event.deviceNames.length > 1 ? unsettled.filter(({ isLink }) => isLink) : []
    const open = unsettled.filter(({ state, event }) => state === 'open' && event.kind !== 'ad_revenue')
    const news = isNews ? [...open, ...links] : links
    const isLink = news.length > 0
    const blockers = unsettled.filter(
      (earlier) => news.includes(earlier) || this.#conflict(earlier.event, event),
    )
    const isHeld = blockers.some(({ state }) => state === 'held')
    this.#entries.push({ event, state: isHeld ? 'held' : 'open', blockers, isLink })
  }

  settle(transactionId: string): void {
    this.#find(transactionId).state = 'settled'
  }

  hold(transactionId: string): void {
    this.#find(transactionId).state = 'held'
    for (const entry of this.#entries) {
      if (entry.state === 'open' && entry.blockers.some(({ state }) => state === 'held')) entry.state = 'held'
    }
  }

  /** Earlier events that share an ordering key with this one and were not settled when it was admitted. */
  blockersOf(transactionId: string): string[] {
    return this.#find(transactionId).blockers.map(({ event }) => event.transactionId)
  }

  get ready(): string[] {
    const isReady = ({ state, blockers }: Entry) =>
      state === 'open' && blockers.every((blocker) => blocker.state === 'settled')
    return this.#ids(isReady)
  }

  get held(): string[] {
    return this.#ids(({ state }) => state === 'held')
  }

  #ids(condition: (entry: Entry) => boolean): string[] {
    return this.#entries.filter(condition).map(({ event }) => event.transactionId)
  }

  #find(transactionId: string): Entry {
    return this.#entries.find(({ event }) => event.transactionId === transactionId)!
  }

  /** Answers whether that is news: several names that were not known to be of one device. */
  #unite({ appToken, deviceNames }: Event): boolean {
    const names = new Set(deviceNames)
    const touched = this.#devices.filter(
      (device) => device.app === appToken && deviceNames.some((name) => device.names.has(name)),
    )
    for (const device of touched) for (const name of device.names) names.add(name)
    this.#devices = this.#devices.filter((device) => !touched.includes(device))
    this.#devices.push({ app: appToken, names })
    return (
      deviceNames.length > 1 && !touched.some((device) => deviceNames.every((name) => device.names.has(name)))
    )
  }

  /** Adjust's rule: one device, and the same token or both with revenue. Ad revenue needs no order. */
  #conflict(one: Event, other: Event): boolean {
    if (!this.#sameDevice(one, other)) return false
    if (one.kind === 'ad_revenue' || other.kind === 'ad_revenue') return false
    if (one.kind !== other.kind) return false
    if (one.kind === 'session') return true
    return one.eventToken === other.eventToken || (one.revenue !== null && other.revenue !== null)
  }

  #sameDevice(one: Event, other: Event): boolean {
    return this.#devices.some(
      ({ app, names }) =>
        app === one.appToken &&
        app === other.appToken &&
        one.deviceNames.some((name) => names.has(name)) &&
        other.deviceNames.some((name) => names.has(name)),
    )
  }
}
