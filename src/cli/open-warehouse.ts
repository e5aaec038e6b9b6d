import type { Config } from '../config.ts'
import { shardName, WHOLE } from '../domain/shard.ts'
import { type OpenOptions, openWarehouse } from '../warehouse/open-warehouse.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'
import type { CommandContext, CommandName } from './command.ts'

/** Somebody waits for the answer; a run has the time that the warehouse needs. */
const PATIENCE_MS = 20_000

/** The warehouse of the configuration as a command works with it: it signs its queries, and says so when an answer takes long. */
export async function openFor(
  command: CommandName,
  config: Config,
  context: CommandContext,
  { labels, ...options }: OpenOptions = {},
): Promise<Warehouse> {
  const log = await context.createLog(config)
  return openWarehouse(config, {
    labels: { command, shard: shardName(WHOLE), ...labels },
    onTrouble: (message) => log.warn(message),
    ...(command === 'run' ? {} : { maxRetryMs: PATIENCE_MS }),
    ...options,
  })
}
