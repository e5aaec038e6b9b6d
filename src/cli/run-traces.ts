import { ExpectedError } from '../domain/errors.ts'
import type { SpanAttributes } from '../domain/trace.ts'
import type { EndedRun } from '../monitor/measure.ts'
import type { Traces } from '../monitor/traces.ts'
import { redact } from '../redact.ts'

/** OpenTelemetry is loaded for those who want traces alone. */
export async function openTraces(warn: (message: string) => void): Promise<Traces> {
  const { openTraces: open } = await import('../monitor/traces.ts')
  let isTold = false
  return open({
    name: 'adjust-s2s run',
    describe: wordsOf,
    onTrouble: (message) => {
      // Whoever is away is away for every batch.
      if (!isTold) warn(`no traces: ${firstLine(message)}`)
      isTold = true
    },
  })
}

/** What the span around the whole run says. */
export function attributesOf(
  { shard, exitCode, counts, isSkipped }: EndedRun,
  runId: string | null,
): SpanAttributes {
  const rows = Object.entries(counts ?? {}).map(([status, count]) => [`adjust_s2s.rows.${status}`, count])
  return {
    ...(runId === null ? {} : { 'adjust_s2s.run_id': runId }),
    'adjust_s2s.shard': shard,
    'adjust_s2s.skipped': isSkipped,
    'process.exit.code': exitCode,
    ...Object.fromEntries(rows),
  }
}

/** An error for this machine's log: its first line; the log takes ids and addresses out. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error)
  return message.split('\n')[0]!
}

/**
 * An error in words that may leave this machine. Behind a colon a warehouse may quote what stands in a row, and what nobody foresaw may say
 * anything.
 */
export function wordsOf(error: unknown): string {
  if (!(error instanceof ExpectedError)) return error instanceof Error ? error.name : 'error'
  const [ownWords = ''] = firstLine(error).split(': ')
  return `${error.name}: ${String(redact(ownWords))}`
}
