import { randomBytes } from 'node:crypto'
import { type Shard, WHOLE } from './domain/shard.ts'

/**
 * Sorts by time and is unique: `20260131T101500Z-5f2c9a`. Shards begin in the same second, so each puts its number behind it:
 * `20260131T101500Z-5f2c9a-2`.
 */
export function newRunId(nowMs: number, { index, count }: Shard = WHOLE): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  return `${time}-${randomBytes(3).toString('hex')}${count === 1 ? '' : `-${index}`}`
}

/** Names the audit rows of a run, one after the other. */
export function auditIds(runId: string): () => string {
  let count = 0
  return () => `${runId}/${++count}`
}
