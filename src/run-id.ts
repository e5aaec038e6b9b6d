import { randomBytes } from 'node:crypto'

/** Sorts by time and is unique: `20260131T101500Z-5f2c9a`. */
export function newRunId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  return `${time}-${randomBytes(3).toString('hex')}`
}

/** Names the audit rows of a run, one after the other. */
export function auditIds(runId: string): () => string {
  let count = 0
  return () => `${runId}/${++count}`
}
