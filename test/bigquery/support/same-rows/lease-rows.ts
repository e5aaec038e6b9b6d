import type { QueryParameters, QueryValue, TableRow } from '../../../../src/warehouse/warehouse.ts'
import type { Draw } from './draw.ts'
import { NOW_MICROS, SHARDS } from './shop.ts'

const MICROS_PER_MINUTE = 60_000_000

/** A lease of each shard but the last: held, run out, or given back; one shard has two rows, as after two first runs at once. */
export function leaseRows(draw: Draw): TableRow[] {
  const [first, second] = SHARDS
  const row = leaseRow(draw, second)
  return [leaseRow(draw, first), row, draw.oneOf([row, { ...leaseRow(draw, second), epoch: 9 }])]
}

function leaseRow(draw: Draw, shard: string): TableRow {
  const isHeld = draw.chance(0.7)
  const pid = draw.between(1, 99_999)
  return {
    shard,
    holder: isHeld ? draw.oneOf(['run-1', "run's"]) : null,
    host: isHeld ? `worker-${pid % 5}` : null,
    pid: isHeld ? pid : null,
    epoch: draw.between(0, 8),
    acquired_at: isHeld ? { timestampMicros: NOW_MICROS - MICROS_PER_MINUTE - pid } : null,
    expires_at: {
      timestampMicros: NOW_MICROS + draw.between(-3, 3) * MICROS_PER_MINUTE + draw.between(1, 999),
    },
  }
}

/** How often a run goes by what is no longer so. */
const STALE_SHARE = 0.25

type LeaseRow = Record<string, QueryValue>

/**
 * What a run would give the next change of its shard's lease, whichever it is, after it has read `lease-holders.sql`, or read it some time ago: some
 * find a row to change and some do not.
 */
export function leaseParameters(draw: Draw, shard: string, leases: readonly LeaseRow[]): QueryParameters {
  const seen = leases.find((lease) => lease.shard === shard)
  const epoch = Number(seen?.epoch ?? 0) - (draw.chance(STALE_SHARE) ? 1 : 0)
  const expiresAt = Number(seen?.expires_at_micros ?? NOW_MICROS)
  const later = { timestampMicros: expiresAt + draw.oneOf([-1, 0, 1, 5, 5]) * MICROS_PER_MINUTE }
  return {
    shard,
    epoch,
    holder: draw.chance(STALE_SHARE) ? 'another' : (seen?.holder ?? 'run-2'),
    host: "worker's",
    pid: draw.between(1, 99_999),
    now: { timestampMicros: NOW_MICROS + draw.between(1, 999) },
    expires_at: later,
    seen_epoch: epoch,
    seen_expires_at: { timestampMicros: expiresAt - (draw.chance(STALE_SHARE) ? 1 : 0) },
  }
}
