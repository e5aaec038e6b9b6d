import type { DeviceSettings, KnownWorld, Onset } from './world.ts'

/** What Adjust remembers of one device in one app. */
export class Device {
  /** Values of its identifiers, lower case. */
  readonly values: string[] = []
  /** Newest accepted `created_at` by event token, epoch milliseconds. */
  readonly marks = new Map<string, number>()
  /** Newest accepted `created_at` over all events with revenue. */
  revenueMark = Number.NEGATIVE_INFINITY
  /** Unique event tokens that were counted; most devices have none. */
  uniqueTokens: Set<string> | null = null
  /** The device that this one turned out to be. */
  mergedInto: Device | null = null

  absorb(other: Device): void {
    other.mergedInto = this
    this.values.push(...other.values)
    for (const [token, mark] of other.marks) this.raiseMark(token, mark)
    this.revenueMark = Math.max(this.revenueMark, other.revenueMark)
    if (other.uniqueTokens) this.uniqueTokens = new Set([...(this.uniqueTokens ?? []), ...other.uniqueTokens])
  }

  raiseMark(token: string, createdAtMs: number): void {
    this.marks.set(token, Math.max(createdAtMs, this.marks.get(token) ?? createdAtMs))
  }
}

/** Devices of every app. Identifiers that arrive in one accepted request are one device from there on. */
export class DeviceRegistry {
  private readonly byIdentifier = new Map<string, Device>()
  private readonly requestsByValue = new Map<string, number>()

  /** The devices that a request's identifiers are known to belong to: none, one, or several that prove to be one. */
  find(appToken: string, identifiers: Readonly<Record<string, string>>): Device[] {
    const found = new Set<Device>()
    for (const key of keysOf(appToken, identifiers)) {
      const device = this.byIdentifier.get(key)
      if (device) found.add(current(device))
    }
    return [...found]
  }

  /** Makes one device of all that `find` found and of identifiers that are new. */
  unite(appToken: string, identifiers: Readonly<Record<string, string>>): Device {
    const [device = new Device(), ...others] = this.find(appToken, identifiers)
    for (const other of others) device.absorb(other)
    const values = Object.values(identifiers)
    keysOf(appToken, identifiers).forEach((key, index) => {
      if (!this.byIdentifier.has(key)) device.values.push(values[index]!.toLowerCase())
      this.byIdentifier.set(key, device)
    })
    return device
  }

  /** Counts a request for each of its values: "known after N requests" needs to know. */
  countRequest(values: string[]): void {
    for (const value of values) this.requestsByValue.set(value, this.requestCount(value) + 1)
  }

  requestCount(value: string): number {
    return this.requestsByValue.get(value) ?? 0
  }
}

/** Adjust does not mind the case of an identifier; devices of two apps have nothing to do with each other. */
function keysOf(appToken: string, identifiers: Readonly<Record<string, string>>): string[] {
  return Object.entries(identifiers).map(([kind, value]) => `${appToken}|${kind}:${value.toLowerCase()}`)
}

function current(device: Device): Device {
  let root = device
  while (root.mergedInto) root = root.mergedInto
  // Shortens the way for the next look-up.
  if (device !== root) device.mergedInto = root
  return root
}

/** The world's devices by value, lower case. */
export function listedDevices(world: KnownWorld): Map<string, DeviceSettings> {
  return new Map(Object.entries(world.devices).map(([value, settings]) => [value.toLowerCase(), settings]))
}

/** Whether something has set in: `requests` are those for the identifier up to and with this one. */
export function hasSetIn(onset: Onset, elapsedSeconds: number, requests: number): boolean {
  if (typeof onset === 'boolean') return onset
  return elapsedSeconds >= (onset.after_seconds ?? 0) && requests > (onset.after_requests ?? 0)
}
