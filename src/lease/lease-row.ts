import { BusyError } from '../domain/errors.ts'
import { millis } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'

/** What `s2s_lease` says of a shard. Instants are epoch milliseconds. */
export interface LeaseRow {
  shard: string
  /** Run id; null when nobody has it: it was given back, or never taken. */
  holder: string | null
  host: string | null
  pid: number | null
  epoch: number
  acquiredAtMs: number | null
  /** From then on another may take it. */
  expiresAtMs: number
}

/** The leases of all shards that ever had one, by shard. */
export async function readLeases(warehouse: Pick<Warehouse, 'query'>): Promise<LeaseRow[]> {
  const rows = await readRows(warehouse, 'lease-holders.sql')
  return rows.map((row) => ({
    shard: row.shard as string,
    holder: row.holder as string | null,
    host: row.host as string | null,
    pid: row.pid as number | null,
    epoch: row.epoch as number,
    acquiredAtMs: millis(row.acquired_at_micros),
    expiresAtMs: millis(row.expires_at_micros)!,
  }))
}

/** Whether its holder may still be sending, by this machine's wall clock. */
export function isHeld({ holder, expiresAtMs }: LeaseRow, nowMs: number): boolean {
  return holder !== null && nowMs < expiresAtMs
}

/** Who has it, since when, until when: `run 20260131T101500Z-5f2c9a on worker-7 (process 12) since … until …`. */
export function describeLease({ holder, host, pid, acquiredAtMs, expiresAtMs }: LeaseRow): string {
  return `run ${holder} on ${host} (process ${pid}) since ${iso(acquiredAtMs)} until ${iso(expiresAtMs)}`
}

/** Another run sends: this one must not. */
export function heldByOther(row: LeaseRow): BusyError {
  return new BusyError(`the lease of shard ${row.shard} is taken: ${describeLease(row)}`, {
    hint:
      'One run sends at a time. That one renews its lease every minute as long as it lives: wait until it has ended, then run again. ' +
      `If it has died, the first run after ${iso(row.expiresAtMs)} takes over.`,
  })
}

function iso(ms: number | null): string {
  return ms === null ? '–' : new Date(ms).toISOString()
}
