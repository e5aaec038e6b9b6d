import { type Linked, LinkedList } from './linked-list.ts'

/** Devices without open events that are remembered only because they go by several names. At about 600 bytes each: 60 MB. */
const REMEMBERED_DEVICES = 100_000

/** Everything that is known to be one device of one app, and what is under way on it: what is empty is null, for most devices are idle. */
export interface Device<T = unknown> extends Linked {
  names: string[]
  /** The smallest of its names: the one that the audit table files it under. */
  root: string
  /** By scope: the last open events; more than one only right after two devices turned out to be one. */
  tails: Map<string, T[]> | null
  /** By scope: an unsettled transaction that later events wait for until another run. */
  held: Map<string, string> | null
  open: Set<T> | null
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
    if (device.held === null) this.heldCount++
    device.held ??= new Map()
    for (const scope of scopes) {
      if (!device.held.has(scope)) device.held.set(scope, transactionId)
    }
  }

  /** An event of it is open now, the last of its scopes. */
  enter(device: Device<T>, scopes: readonly string[], event: T): void {
    device.open ??= new Set()
    device.open.add(event)
    for (const scope of scopes) {
      device.tails ??= new Map()
      device.tails.set(scope, [event])
    }
  }

  /** One of its events is no longer open. */
  release(device: Device<T>, scopes: readonly string[], event: T): void {
    for (const scope of scopes) removeTail(device, scope, event)
    device.open?.delete(event)
    if (device.open?.size === 0) device.open = null
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
    const tails = into.tails
    if (from.tails !== null)
      into.tails = new Map([
        ...(tails ?? []),
        ...[...from.tails].map(([scope, last]): [string, T[]] => [
          scope,
          [...(tails?.get(scope) ?? []), ...last],
        ]),
      ])
    if (from.held !== null && into.held !== null) this.heldCount--
    // What `into` holds already stays.
    if (from.held !== null) into.held = new Map([...from.held, ...(into.held ?? [])])
    if (from.open !== null) into.open = new Set([...(into.open ?? []), ...from.open])
    into.optedOut ||= from.optedOut
    from.mergedInto = into
    this.#remembered.delete(from)
    return into
  }

  #forgetIfIdle(device: Device<T>): void {
    if (device.open !== null || device.held !== null || device.optedOut) return
    if (device.names.length === 1) forget(device)
    else this.#remembered.push(device)
    if (this.#remembered.size <= this.#rememberedLimit) return
    forget(this.#remembered.shift()!)
  }
}

function removeTail<T>(device: Device<T>, scope: string, event: T): void {
  const tails = device.tails?.get(scope)
  if (tails === undefined) return
  const rest = tails.filter((tail) => tail !== event)
  if (rest.length > 0) device.tails!.set(scope, rest)
  else {
    device.tails!.delete(scope)
    if (device.tails!.size === 0) device.tails = null
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
    tails: null,
    held: null,
    open: null,
    optedOut: false,
    mergedInto: null,
    byName,
    previous: null,
    next: null,
  }
}
