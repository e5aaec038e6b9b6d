import type { Random } from '../../../src/domain/clock.ts'
import { oneOf, whole } from '../draw.ts'

/** A purchase as it stands in the shop's table. */
export interface Purchase {
  transaction_id: string
  /** ISO instant. */
  occurred_at: string
  app_token: string
  event_token: string
  adid: string | null
  gps_adid: string | null
  idfa: string | null
  revenue: string | null
  currency: string | null
  /** The device that it truly was, whatever names it goes by; not part of the source. */
  device_number: number
}

const APPS = ['abcdefghijkl', 'zyxwvutsrqpo'] as const
const TOKENS = ['abc123', 'def456', 'ghi789'] as const
const KINDS = ['adid', 'gps_adid', 'idfa'] as const

/** Long enough ago to be due, recent enough to be sent. */
const FIRST_SALE_AGO_MS = 10 * 86_400_000

/**
 * Draws purchases in the order of their time. Devices come and go: each is in a window that moves on, so that those that wait for an event
 * of unknown outcome do not take the whole shop with them. A device's first purchase carries all of its identifiers, later ones any.
 */
export class PurchaseMaker {
  readonly #random: Random
  readonly #devices: number
  #nowMs: number
  #made = 0
  readonly #met = new Set<number>()

  constructor(random: Random, devices: number, nowMs: number) {
    this.#random = random
    this.#devices = devices
    this.#nowMs = nowMs - FIRST_SALE_AGO_MS
  }

  get count(): number {
    return this.#made
  }

  make(count: number): Purchase[] {
    return Array.from({ length: count }, () => this.#next())
  }

  #next(): Purchase {
    const random = this.#random
    const number = this.#made++
    // Now and then two purchases at the same instant: their ids then say which comes first.
    this.#nowMs += random() < 0.05 ? 0 : whole(random, 1, 900)
    const device = Math.floor(number / 8) + whole(random, 0, this.#devices - 1)
    const paid = random() < 0.6
    return {
      transaction_id: `t${String(number).padStart(7, '0')}`,
      occurred_at: new Date(this.#nowMs).toISOString(),
      app_token: APPS[device % APPS.length]!,
      event_token: oneOf(random, TOKENS),
      ...this.#identifiers(device),
      revenue: paid ? `${whole(random, 1, 99)}.${whole(random, 10, 99)}` : null,
      currency: paid ? 'EUR' : null,
      device_number: device,
    }
  }

  #identifiers(device: number): Pick<Purchase, (typeof KINDS)[number]> {
    const names = namesOf(device)
    const isFirst = !this.#met.has(device)
    this.#met.add(device)
    if (isFirst) return names
    const sure = oneOf(this.#random, KINDS)
    const kept = KINDS.map((kind) => [kind, kind === sure || this.#random() < 0.3 ? names[kind] : null])
    return Object.fromEntries(kept)
  }
}

function namesOf(device: number): Record<(typeof KINDS)[number], string> {
  const digits = String(device).padStart(12, '0')
  const uuid = (first: string) => `${first}2b1c4d-0000-4000-8000-${digits}`
  return { adid: `${digits}adid`, gps_adid: uuid('3f'), idfa: uuid('7E').toUpperCase() }
}
