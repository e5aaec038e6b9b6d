import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from '../../../../src/domain/durations.ts'
import { IDENTIFIERS, type Identifier } from '../../../../src/domain/event.ts'
import { name } from '../../../warehouse/audit-row.ts'
import type { Draw } from './draw.ts'

/** When the queries are asked. The window below ends an hour before, and is half of what the rows cover. */
export const NOW_MS = Date.parse('2025-06-01T00:00:00Z')
export const NOW_MICROS = NOW_MS * 1000
export const WINDOW = { fromMs: NOW_MS - 20 * MS_PER_DAY, toMs: NOW_MS - MS_PER_HOUR }
export const MAX_AGE_MS = 58 * MS_PER_DAY

export const APPS = ['app000000001', 'app000000002'] as const
export const EVENTS = ['buy001', 'buy002', 'Buy001'] as const
export const SHARDS = ['0/3', '1/3', '2/3'] as const
export const ZEROS = '00000000-0000-0000-0000-000000000000'

export interface Device {
  identifiers: Partial<Record<Identifier, string>>
  names: string[]
}

/** What source and audit table have in common: few enough that they meet, all of it ugly. */
export interface Shop {
  devices: Device[]
  transactionIds: string[]
  /** Epoch microseconds; several events share one, some stand on an end of the window. */
  instants: number[]
}

export function makeShop(draw: Draw): Shop {
  return {
    devices: draw.list(30, () => makeDevice(draw)),
    transactionIds: draw.list(140, (index) => (index % 7 === 0 ? `${draw.text()}${index}` : `t${index}`)),
    instants: [...edges(), ...draw.list(40, () => NOW_MICROS - draw.between(1, 75 * MS_PER_DAY) * 1000)],
  }
}

/** Either side of each line that a query draws, and days that the audit table is not read for. */
function edges(): number[] {
  const lines = [WINDOW.fromMs, WINDOW.toMs, NOW_MS, NOW_MS + 5 * MS_PER_MINUTE, NOW_MS - MAX_AGE_MS]
  const auditFrom = NOW_MS - MAX_AGE_MS - 60 * MS_PER_DAY
  return [...lines, auditFrom, NOW_MS - 200 * MS_PER_DAY, NOW_MS + MS_PER_DAY].flatMap((ms) => [
    ms * 1000 - 1,
    ms * 1000,
    ms * 1000 + 1,
  ])
}

function makeDevice(draw: Draw): Device {
  const kinds = [...new Set([...draw.some(IDENTIFIERS, 0.25), draw.oneOf(IDENTIFIERS)])]
  const entries = kinds.map((kind): [Identifier, string] => [kind, makeIdentifier(kind, draw)])
  return {
    identifiers: Object.fromEntries(entries),
    names: entries.map(([kind, value]) => name(kind, value.trim())),
  }
}

function makeIdentifier(kind: Identifier, draw: Draw): string {
  switch (kind) {
    case 'idfa':
    case 'idfv':
      return draw.uuid().toUpperCase()
    case 'android_id':
      return draw.hex(16)
    case 'adid':
      return draw.hex(32)
    case 'external_device_id':
    case 'device_id':
      return `${draw.text()}${draw.between(1, 99)}`
    default:
      return draw.uuid()
  }
}
