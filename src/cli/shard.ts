import { TerminalError } from '../domain/errors.ts'
import type { Shard } from './run-flags.ts'

/** One process delivers all devices in this version: several would each need a journal, a lease and a share of the rate. */
export function refuseShards(shard: Shard | null): void {
  if (shard === null || shard.count === 1) return
  throw new TerminalError(`--shard ${shard.index}/${shard.count}: this version delivers with one process.`, {
    hint: 'Leave --shard out. Raise delivery.requests_per_second and delivery.concurrency if one is too slow.',
  })
}
