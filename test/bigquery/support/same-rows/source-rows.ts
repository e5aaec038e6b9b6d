import { IDENTIFIERS } from '../../../../src/domain/event.ts'
import type { SourceCells } from '../../../warehouse/engine.ts'
import type { Draw } from './draw.ts'
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

/** The emulator's TRIM takes off blanks alone, not all white space as GoogleSQL's and so DuckDB's (see `functions.test.ts`): no tabs here. */
const PADS = ['', '', '', '', ' ', '  ']

/** Whether the source has its revenue in a column of decimals or of text. */
export type RevenueType = 'decimal' | 'text'

/** Rows of the user's: most are of the shop's devices and transactions; ids are missing, zero, blank or spelt otherwise; some are copies. */
export function sourceRows(draw: Draw, shop: Shop, revenueType: RevenueType): SourceCells[] {
  const rows = draw.list(220, (index) => sourceRow(draw, shop, revenueType, index))
  return [...rows, ...draw.some(rows, 0.12).flatMap((row) => copiesOf(draw, shop, row))]
}

function sourceRow(draw: Draw, shop: Shop, revenueType: RevenueType, index: number): SourceCells {
  const known = draw.chance(0.75)
  const revenue = revenueType === 'text' && draw.chance(0.4) ? draw.oneOf(REVENUE_TEXTS) : draw.decimal()
  return {
    transaction_id: known
      ? draw.oneOf(shop.transactionIds)
      : draw.oneOf([null, '', `new ${draw.text()} ${index}`]),
    occurred_at: occurredAt(draw, shop),
    kind: draw.oneOf([null, null, 'event', 'event', 'session', 'ad_revenue', ' ', '', 'Event']),
    app_token: draw.orNull(draw.oneOf(APPS), 0.05),
    event_token: draw.orNull(draw.oneOf(EVENTS), 0.05),
    ...identifiersOf(draw, draw.oneOf(shop.devices)),
    revenue: draw.orNull(revenue, 0.4),
    currency: draw.orNull(draw.oneOf(['EUR', 'usd'])),
    ip_address: draw.orNull(draw.oneOf(['10.0.0.1', '::1'])),
    user_agent: draw.orNull(draw.text()),
    os_name: draw.orNull(draw.oneOf(['ios', 'android'])),
    // Compact, and with one key: engines may print a JSON value in other words than it was written.
    callback_params: draw.orNull(JSON.stringify({ a: draw.text() })),
    partner_params: draw.orNull(draw.oneOf(['{ "b" : 1 }', '[]', 'no JSON', '{"b":"ü"}'])),
    parameters: draw.orNull(draw.oneOf(['{"ad_impressions_count":"1"}', '{}', ''])),
    environment: draw.orNull(draw.oneOf(['sandbox', 'production'])),
  }
}

function occurredAt(draw: Draw, { instants }: Shop): string | null {
  if (draw.chance(0.05)) return null
  if (draw.chance(0.05)) return draw.oneOf(FAR_INSTANTS)
  const micros = draw.oneOf(instants)
  const fraction = String(micros % 1_000_000).padStart(6, '0')
  return `${new Date(Math.floor(micros / 1_000_000) * 1000).toISOString().slice(0, 19)}.${fraction}Z`
}

function identifiersOf(draw: Draw, device: Device): SourceCells {
  const cells: SourceCells = {}
  for (const kind of IDENTIFIERS) {
    const value = device.identifiers[kind]
    if (value !== undefined && draw.chance(0.8)) cells[kind] = spelt(draw, value)
    else cells[kind] = draw.oneOf([null, null, null, null, null, '', ' ', ZEROS, '0000'])
  }
  return cells
}

function spelt(draw: Draw, value: string): string {
  const spelling = draw.oneOf([
    value,
    value,
    value.toLowerCase(),
    value.toUpperCase(),
    value.replaceAll('-', ''),
  ])
  return `${draw.oneOf(PADS)}${spelling}${draw.oneOf(PADS)}`
}

/** The same transaction once or twice more: as it is, at another time, or under another token. */
function copiesOf(draw: Draw, shop: Shop, row: SourceCells): SourceCells[] {
  const changed = (): SourceCells =>
    draw.oneOf([
      row,
      { ...row, occurred_at: occurredAt(draw, shop) },
      { ...row, event_token: draw.orNull(draw.oneOf(EVENTS)) },
      { ...row, app_token: draw.orNull(draw.oneOf(APPS)) },
    ])
  return draw.list(draw.between(1, 2), changed)
}
