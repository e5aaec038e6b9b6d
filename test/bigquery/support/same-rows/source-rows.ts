import { IDENTIFIERS } from '../../../../src/domain/event.ts'
import type { SourceCells } from '../../../warehouse/engine.ts'
import type { Pick } from './pick.ts'
import { APPS, type Device, EVENTS, type Shop, ZEROS } from './shop.ts'

/** Text of a revenue column that is no NUMERIC: much of it is no number. */
const REVENUE_TEXTS = [
  '0',
  '0.00',
  '0e5',
  '-0',
  ' 12.50 ',
  '1e3',
  '12,50',
  'free',
  '',
  '+7',
  '.5',
  '999999999999.123456789123',
]

/** Far from any window: the first and the last instant of a TIMESTAMP, and one whose microseconds are no exact JavaScript number. */
const FAR_INSTANTS = [
  '0001-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999999Z',
  '2262-05-01T00:00:00.000001Z',
  '9999-12-31T23:59:59.999999Z',
]

/** Pads as TRIM takes off, and spellings of one id. */
const PADS = ['', '', '', '', ' ', '  ']

/** Whether the source has its revenue in a column of decimals or of text. */
export type RevenueType = 'decimal' | 'text'

/** Rows of the user's: most are of the shop's devices and transactions; ids are missing, zero, blank or spelt otherwise; some are copies. */
export function sourceRows(pick: Pick, shop: Shop, revenueType: RevenueType): SourceCells[] {
  const rows = pick.list(220, (index) => sourceRow(pick, shop, revenueType, index))
  return [...rows, ...pick.some(rows, 0.12).flatMap((row) => copiesOf(pick, shop, row))]
}

function sourceRow(pick: Pick, shop: Shop, revenueType: RevenueType, index: number): SourceCells {
  const known = pick.chance(0.75)
  const revenue = revenueType === 'text' && pick.chance(0.4) ? pick.oneOf(REVENUE_TEXTS) : pick.decimal()
  return {
    transaction_id: known
      ? pick.oneOf(shop.transactionIds)
      : pick.oneOf([null, '', `new ${pick.text()} ${index}`]),
    occurred_at: occurredAt(pick, shop),
    kind: pick.oneOf([null, null, 'event', 'event', 'session', 'ad_revenue', ' ', '', 'Event']),
    app_token: pick.orNull(pick.oneOf(APPS), 0.05),
    event_token: pick.orNull(pick.oneOf(EVENTS), 0.05),
    ...identifiersOf(pick, pick.oneOf(shop.devices)),
    revenue: pick.orNull(revenue, 0.4),
    currency: pick.orNull(pick.oneOf(['EUR', 'usd'])),
    ip_address: pick.orNull(pick.oneOf(['10.0.0.1', '::1'])),
    user_agent: pick.orNull(pick.text()),
    os_name: pick.orNull(pick.oneOf(['ios', 'android'])),
    // Compact, and with one key: engines may print a JSON value in other words than it was written.
    callback_params: pick.orNull(JSON.stringify({ a: pick.text() })),
    partner_params: pick.orNull(pick.oneOf(['{ "b" : 1 }', '[]', 'no JSON', '{"b":"ü"}'])),
    parameters: pick.orNull(pick.oneOf(['{"ad_impressions_count":"1"}', '{}', ''])),
    environment: pick.orNull(pick.oneOf(['sandbox', 'production'])),
  }
}

function occurredAt(pick: Pick, { instants }: Shop): string | null {
  if (pick.chance(0.05)) return null
  if (pick.chance(0.05)) return pick.oneOf(FAR_INSTANTS)
  const micros = pick.oneOf(instants)
  const fraction = String(micros % 1_000_000).padStart(6, '0')
  return `${new Date(Math.floor(micros / 1_000_000) * 1000).toISOString().slice(0, 19)}.${fraction}Z`
}

function identifiersOf(pick: Pick, device: Device): SourceCells {
  const cells: SourceCells = {}
  for (const kind of IDENTIFIERS) {
    const value = device.identifiers[kind]
    if (value !== undefined && pick.chance(0.8)) cells[kind] = spelt(pick, value)
    else cells[kind] = pick.oneOf([null, null, null, null, null, '', ' ', ZEROS, '0000'])
  }
  return cells
}

function spelt(pick: Pick, value: string): string {
  const spelling = pick.oneOf([
    value,
    value,
    value.toLowerCase(),
    value.toUpperCase(),
    value.replaceAll('-', ''),
  ])
  return `${pick.oneOf(PADS)}${spelling}${pick.oneOf(PADS)}`
}

/** The same transaction once or twice more: as it is, at another time, or under another token. */
function copiesOf(pick: Pick, shop: Shop, row: SourceCells): SourceCells[] {
  const changed = (): SourceCells =>
    pick.oneOf([
      row,
      { ...row, occurred_at: occurredAt(pick, shop) },
      { ...row, event_token: pick.orNull(pick.oneOf(EVENTS)) },
      { ...row, app_token: pick.orNull(pick.oneOf(APPS)) },
    ])
  return pick.list(pick.between(1, 2), changed)
}
