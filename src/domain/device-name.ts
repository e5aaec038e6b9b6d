import { hash } from 'node:crypto'
import type { Identifier } from './event.ts'

/** Free text of the user's, where case and hyphens may matter; all others are hexadecimal in one spelling or another. */
const EXACT: ReadonlySet<Identifier> = new Set(['external_device_id', 'device_id'])

/**
 * The name under which events of one device are kept in order and found again in the audit table:
 * `idfa:` and the SHA-256 of the value, in lower case without hyphens. `sql/extract.sql` makes the same name; the two must agree.
 */
export function deviceName(kind: Identifier, value: string): string {
  const spelling = EXACT.has(kind) ? value : value.replaceAll('-', '').toLowerCase()
  return `${kind}:${hash('sha256', spelling, 'hex')}`
}
