import type { Config } from '../config.ts'
import { shardName, WHOLE } from '../domain/shard.ts'
import { openInThread, type WarehouseThread } from '../thread/warehouse-thread.ts'
import { type OpenOptions, openWarehouse } from '../warehouse/open-warehouse.ts'
import type { WarehouseAdmin } from '../warehouse/warehouse.ts'
import type { CommandContext, CommandName } from './command.ts'

/** Somebody waits for the answer; a run has the time that the warehouse needs. */
const PATIENCE_MS = 20_000

/** The warehouse of the configuration as a command works with it: it signs its queries, and says so when an answer takes long. */
export async function openFor(
  command: CommandName,
  config: Config,
  context: CommandContext,
  options: OpenOptions = {},
): Promise<WarehouseAdmin> {
  return openWarehouse(
    config,
    await signed(command, config, context, { maxRetryMs: PATIENCE_MS, ...options }),
  )
}

/** The same in a thread of its own, for a command that delivers meanwhile. */
export async function openInThreadFor(
  command: CommandName,
  config: Config,
  context: CommandContext,
  options: OpenOptions,
): Promise<WarehouseThread> {
  return openInThread(config, await signed(command, config, context, options))
}

async function signed(
  command: CommandName,
  config: Config,
  context: CommandContext,
  { labels, ...options }: OpenOptions,
): Promise<OpenOptions> {
  const log = await context.createLog(config)
  return {
    labels: { command, shard: shardName(WHOLE), ...labels },
    onTrouble: (message) => log.warn(message),
    ...options,
  }
}
