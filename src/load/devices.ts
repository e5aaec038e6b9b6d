import { type Linked, LinkedList } from './linked-list.ts'

/** Devices without open events that are remembered only because they go by several names. At about 400 bytes each: 40 MB. */
const REMEMBERED_DEVICES = 100_000

/** Everything that is known to be one device of one app, and what is under way on it. */
export interface Device<T = unknown> extends Linked {
  names: string[]
  /** The smallest of its names: the one that the audit table files it under. */
  root: string
  /** By scope: the last open events; more than one only right after two devices turned out to be one. */
  tails: Map<string, T[]>
  /** By scope: an unsettled transaction that later events wait for until another run. */
  held: Map<string, string>
  open: Set<T>
  /** Adjust said in this run that it has opted out: it is remembered until the run ends. */
  optedOut: boolean
  mergedInto: Device<T> | null
  /** Of its app: where its names lead to it. */
  readonly byName: Map<string, Device<T>>
}

/**
 * Names that came together in one event are one device from there on, also for later events that carry only one of them.
 * Memory is bounded: a device with one name is forgotten as soon as nothing is open on it; of those with several the
 * most recently used are kept. (What earlier runs saw together arrives with the event, from the audit table.)
 */
export class Devices<T> {
  /** Devices by app, and in it by name. */
  readonly #apps = new Map<string, Map<string, Device<T>>>()
  /** Idle devices with several names, the least recently used first. */
  readonly #remembered = new LinkedList<Device<T>>()
  readonly #rememberedLimit: number
  heldCount = 0

  constructor(rememberedLimit = REMEMBERED_DEVICES) {
    this.#rememberedLimit = rememberedLimit
  }

  /** The device of these names, made one if they were several; `isNews` when nobody knew them to be one. */
  unite(appToken: string, names: readonly string[]): { device: Device<T>; isNews: boolean } {
    const byName = this.#devicesOf(appToken)
    let device: Device<T> | null = null
    let isNews = false
    for (const name of names) {
      const known = byName.get(name)
      isNews ||= names.length > 1 && (known === undefined || (device !== null && device !== known))
      if (known === undefined) device = add(device ?? newDevice(name, byName), name)
      else if (device === null) device = known
      else if (device !== known) device = this.#merge(device, known)
    }
    this.#remembered.delete(device!)
    return { device: device!, isNews }
  }

  /** The device that this one has become part of, or itself. */
  current(device: Device<T>): Device<T> {
    let current = device
    while (current.mergedInto !== null) current = current.mergedInto
    return current
  }

  /** Later events of these scopes wait for this transaction until another run. */
  hold(device: Device<T>, scopes: readonly string[], transactionId: string): void {
    if (scopes.length === 0) return
    if (device.held.size === 0) this.heldCount++
    for (const scope of scopes) {
      if (!device.held.has(scope)) device.held.set(scope, transactionId)
    }
  }

  /** One of its events is no longer open. */
  release(device: Device<T>, event: T): void {
    device.open.delete(event)
    this.#forgetIfIdle(device)
  }

  #devicesOf(appToken: string): Map<string, Device<T>> {
    let byName = this.#apps.get(appToken)
    if (byName === undefined) {
      byName = new Map()
      this.#apps.set(appToken, byName)
    }
    return byName
  }

  #merge(one: Device<T>, other: Device<T>): Device<T> {
    const [into, from] = one.names.length >= other.names.length ? [one, other] : [other, one]
    for (const name of from.names) into.byName.set(name, into)
    into.names.push(...from.names)
    if (from.root < into.root) into.root = from.root
    for (const [scope, tails] of from.tails)
      into.tails.set(scope, [...(into.tails.get(scope) ?? []), ...tails])
    if (from.held.size > 0 && into.held.size > 0) this.heldCount--
    for (const [scope, transactionId] of from.held) {
      if (!into.held.has(scope)) into.held.set(scope, transactionId)
    }
    for (const event of from.open) into.open.add(event)
    into.optedOut ||= from.optedOut
    from.mergedInto = into
    this.#remembered.delete(from)
    return into
  }

  #forgetIfIdle(device: Device<T>): void {
    if (device.open.size > 0 || device.held.size > 0 || device.optedOut) return
    if (device.names.length === 1) forget(device)
    else this.#remembered.push(device)
    if (this.#remembered.size <= this.#rememberedLimit) return
    forget(this.#remembered.shift()!)
  }
}

function add<T>(device: Device<T>, name: string): Device<T> {
  device.names.push(name)
  if (name < device.root) device.root = name
  device.byName.set(name, device)
  return device
}

function forget<T>({ names, byName }: Device<T>): void {
  for (const name of names) byName.delete(name)
}

function newDevice<T>(root: string, byName: Map<string, Device<T>>): Device<T> {
  return {
    names: [],
    root,
    tails: new Map(),
    held: new Map(),
    open: new Set(),
    optedOut: false,
    mergedInto: null,
    byName,
    previous: null,
    next: null,
  }
}
