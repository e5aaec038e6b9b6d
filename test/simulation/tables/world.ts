import { hashBounds } from '../../../src/domain/shard.ts'
import { SOURCE_CONTRACT } from '../../../src/extract/contract.ts'
import type { QueryParameters, TableRow } from '../../../src/warehouse/warehouse.ts'
import { auditRows } from '../../bigquery/support/same-rows/audit-rows.ts'
import type { Draw } from '../../bigquery/support/same-rows/draw.ts'
import { leaseRows } from '../../bigquery/support/same-rows/lease-rows.ts'
import { runRows } from '../../bigquery/support/same-rows/run-rows.ts'
import { APPS, EVENTS, makeShop, NOW_MICROS, type Shop } from '../../bigquery/support/same-rows/shop.ts'
import { sourceRows } from '../../bigquery/support/same-rows/source-rows.ts'
import type { SourceCells } from '../../warehouse/engine.ts'
import { rareAudit, rareSource } from './rare-rows.ts'
import type { SourceRecord } from './records.ts'

/** Rows for all tables, made from a seed. */
export interface World {
  shop: Shop
  source: SourceRecord[]
  audit: TableRow[]
  runs: TableRow[]
  lease: TableRow[]
}

/** Few devices, tokens and transactions, so that many rows are of one device; or as many as a shop has. */
export function makeWorld(draw: Draw): World {
  const whole = makeShop(draw)
  const shop: Shop = {
    devices: whole.devices.slice(0, draw.oneOf([1, 2, 4, 8, 30])),
    transactionIds: whole.transactionIds.slice(0, draw.oneOf([8, 20, 60, 140])),
    instants: whole.instants.slice(0, draw.oneOf([12, 30, 64])),
  }
  const rows = sourceRows(draw, shop, 'text')
    .slice(0, draw.oneOf([5, 30, 60, 260]))
    .map(sourceRecord)
  const source = rareSource(draw, rows)
  return {
    shop,
    source,
    audit: rareAudit(draw, auditRows(draw, shop), source),
    runs: runRows(draw),
    lease: leaseRows(draw),
  }
}

function sourceRecord(cells: SourceCells): SourceRecord {
  const texts = SOURCE_CONTRACT.filter(({ name }) => name !== 'occurred_at')
  return {
    occurred_at_micros: microsOfText(cells.occurred_at ?? null),
    ...Object.fromEntries(texts.map(({ name }) => [name, cells[name] ?? null])),
  } as SourceRecord
}

/** Instants of other centuries to the second, for a JavaScript number does not hold their microseconds. */
function microsOfText(iso: string | null): number | null {
  if (iso === null) return null
  const wholeMicros = Date.parse(`${iso.slice(0, 19)}Z`) * 1000
  const micros = wholeMicros + Number(/\.([0-9]{6})/.exec(iso)?.[1] ?? 0)
  return Number.isSafeInteger(micros) ? micros : wholeMicros
}

/** Any combination of what an extraction may ask, likely or not. */
export function anyExtraction(draw: Draw, { instants, transactionIds }: Shop): QueryParameters {
  const instant = () => ({ timestampMicros: draw.oneOf(instants) + draw.between(-1, 1) })
  const hoursAgo = draw.oneOf([0, 1, 24, 48, 96, 96])
  return {
    window_from: draw.oneOf([instant(), { timestampMicros: 0 }]),
    window_to: draw.oneOf([instant(), { timestampMicros: NOW_MICROS }]),
    full_window: draw.chance(0.5),
    future: instant(),
    audit_from: draw.oneOf([instant(), { timestampMicros: 0 }]),
    app: draw.oneOf(['', '', ...APPS]),
    event: draw.oneOf(['', '', ...EVENTS]),
    transaction: draw.chance(0.1) ? draw.oneOf(transactionIds) : '',
    ...anyShard(draw),
    resend_failed: draw.chance(0.3),
    resend_all: draw.chance(0.3),
    in_doubt_since: { timestampMicros: NOW_MICROS - hoursAgo * 3_600_000_000 - draw.between(0, 2) },
    revenue_blocks: draw.chance(0.7),
    other_blocks: draw.chance(0.7),
    row_limit: draw.oneOf([0, 1, 7, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]),
  }
}

function anyShard(draw: Draw): QueryParameters {
  const count = draw.oneOf([1, 1, 2, 3, 7])
  const { from, to } = hashBounds({ index: draw.between(0, count - 1), count })
  return { shard_from: from, shard_to: to }
}

/** Of runs that there are and of one that there is not, between any two instants. */
export function anyAuditIds(draw: Draw, { instants }: Shop): QueryParameters[] {
  return ['run-1', 'run-2', 'run-3', 'nobody'].map((run_id) => {
    const [from, to] = [draw.oneOf(instants), draw.oneOf(instants)].toSorted((a, b) => a - b)
    return { run_id, occurred_from: { timestampMicros: from! }, occurred_to: { timestampMicros: to! } }
  })
}
