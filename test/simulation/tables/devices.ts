import { compareCodePoints } from '../../../src/extract/order-check.ts'
import type { Candidate } from './candidates.ts'
import { namesOf } from './identifiers.ts'
import type { AuditRecord } from './records.ts'

/** What the audit table knows of names: for each, the names under which its device went at some time, if it was another one. */
export type Links = ReadonlyMap<string, readonly string[]>

const NO_LINKS: readonly string[] = []

/** A name is in it when an audit row lists it, linked or not. */
export function linksOf(audit: readonly AuditRecord[]): Links {
  const links = new Map<string, string[]>()
  for (const { device, deviceNames } of audit)
    for (const name of deviceNames) {
      const devices = links.get(name) ?? []
      if (devices.length === 0) links.set(name, devices)
      if (device !== null && device !== name && !devices.includes(device)) devices.push(device)
    }
  return links
}

export function linkedTo(name: string, links: Links): readonly string[] {
  return links.get(name) ?? NO_LINKS
}

/** The names under which a transaction meets others in the audit table. */
export interface KnownNames {
  /** Its own, as far as the audit table has them. */
  own: ReadonlySet<string>
  /** And those that lead on from there. */
  all: ReadonlySet<string>
}

/** Its own names, and two steps on: a device's one name may itself have come under another one later. */
export function knownNames({ source }: Candidate, links: Links): KnownNames {
  const own = new Set(namesOf(source).filter((name) => links.has(name)))
  const all = new Set(own)
  for (const name of own)
    for (const device of linkedTo(name, links)) {
      all.add(device)
      for (const further of linkedTo(device, links)) all.add(further)
    }
  return { own, all }
}

/** The names that the row itself does not carry, by code point and with a blank between; null when there is none. */
export function furtherNames({ own, all }: KnownNames): string | null {
  if (own.size === all.size) return null
  return [...all]
    .filter((name) => !own.has(name))
    .sort(compareCodePoints)
    .join(' ')
}
