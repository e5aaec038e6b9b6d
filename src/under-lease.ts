import type { Config } from './config.ts'
import { type Shard, shardName, WHOLE } from './domain/shard.ts'
import { noTrace, type Trace } from './domain/trace.ts'
import { Lease } from './lease/lease.ts'
import type { Machine } from './machine.ts'
import type { Warehouse } from './warehouse/warehouse.ts'

/** Whoever needs that nobody else sends meanwhile. */
export interface LeaseTaker {
  config: Config
  warehouse: Warehouse
  runId: string
  machine: Pick<Machine, 'clock' | 'host' | 'pid'>
  /** Left out: nobody may send for any device. */
  shard?: Shard
  trace?: Trace
}

/**
 * Does something while nobody else may send, and gives the lease back whatever comes of it.
 *
 * @throws TransientError when a run has the lease: who, since when, until when.
 */
export async function underLease<T>(taker: LeaseTaker, work: (lease: Lease) => Promise<T>): Promise<T> {
  const { config, warehouse, runId, machine, shard = WHOLE, trace = noTrace } = taker
  const { clock, host, pid } = machine
  const parts = {
    warehouse,
    clock,
    shard: shardName(shard),
    holder: { runId, host, pid },
    requestTimeoutMs: config.delivery.timeoutMs,
    isAlone: warehouse.isExclusive === true,
  }
  const lease = await trace('lease', () => Lease.take(parts))
  try {
    return await work(lease)
  } finally {
    await lease.release()
  }
}

/** Throws what ended the lease, or `lost`, when it is no longer held: another may send by now. */
export function requireHeld(lease: Lease, lost: () => Error): void {
  if (!lease.isHeld) throw lease.failure ?? lost()
}
