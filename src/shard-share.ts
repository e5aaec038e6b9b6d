import path from 'node:path'
import type { Config } from './config.ts'
import { TerminalError } from './domain/errors.ts'
import type { Shard } from './domain/shard.ts'

/**
 * The rate is one for all shards; each has a whole number of requests of it.
 *
 * @throws TerminalError where that would be none.
 */
export function requireRate({ delivery }: Config, { count }: Shard): void {
  const { requestsPerSecond } = delivery
  if (requestsPerSecond >= count) return
  throw new TerminalError(
    `delivery.requests_per_second ${requestsPerSecond} leaves some of ${count} shards without a request`,
    { hint: 'Take fewer shards: one process sends thousands of requests per second.' },
  )
}

/** Each shard has a journal of its own, so that several may share a volume. */
export function journalFolder({ stateDir }: Config, shard: Shard): string {
  return shard.count === 1 ? stateDir : path.join(stateDir, `shard-${shard.index}-of-${shard.count}`)
}
