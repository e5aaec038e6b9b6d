import { MS_PER_HOUR } from '../../../../src/domain/durations.ts'
import { RESEND_MODES } from '../../../../src/domain/policy.ts'
import type { TableRow } from '../../../../src/warehouse/warehouse.ts'
import type { Draw } from './draw.ts'
import { APPS, EVENTS, NOW_MS, SHARDS } from './shop.ts'

const RUNS = 24

/** The log of some runs: started, claims, ended; some are without an end or a beginning, some rows stand there twice. */
export function runRows(draw: Draw): TableRow[] {
  const rows = draw
    .list(RUNS, (run) => {
      const shard = draw.oneOf(SHARDS)
      const end = draw.oneOf([['ended'], ['ended'], ['ended'], ['recovered'], ['lost'], []])
      const logged = draw.some(['started', 'claim', 'claim', ...end], 0.8)
      // Each an instant of its own; one run's clock is ahead of the others'.
      const beginMs = NOW_MS + (run === 0 ? MS_PER_HOUR : -run * MS_PER_HOUR)
      return logged.map((event, index) => runRow(draw, { run, shard, event, atMs: beginMs + index * 60_001 }))
    })
    .flat()
  return [...rows, ...draw.some(rows, 0.1)]
}

interface LogEntry {
  run: number
  shard: string
  event: string
  atMs: number
}

function runRow(draw: Draw, { run, shard, event, atMs }: LogEntry): TableRow {
  const instant = (ms: number) => draw.orNull({ timestampMicros: ms * 1000 + draw.between(0, 999) })
  const count = () => draw.orNull(draw.between(0, 100_000))
  return {
    run_id: `run-${run}`,
    shard,
    event,
    logged_at: { timestampMicros: atMs * 1000 + run },
    command: draw.orNull(`adjust-s2s run ${draw.text()}`),
    host: draw.orNull(draw.oneOf(['worker-1', 'ärger'])),
    pid: count(),
    window_from: instant(NOW_MS - 58 * 24 * MS_PER_HOUR),
    window_to: instant(NOW_MS),
    full_window: draw.orNull(draw.chance(0.8)),
    app_token: draw.orNull(draw.oneOf(APPS)),
    event_token: draw.orNull(draw.oneOf(EVENTS)),
    resend: draw.orNull(draw.oneOf(RESEND_MODES)),
    age_limit: instant(NOW_MS - draw.between(50, 60) * 24 * MS_PER_HOUR),
    claim_to: instant(NOW_MS),
    epoch: count(),
    counts: draw.orNull('{"read":1}'),
    reasons: draw.orNull('[]'),
    delivered: draw.orNull(draw.oneOf([0, 1, 999, 1_000_000])),
    requests: count(),
    retries: count(),
    duration_s: draw.orNull(draw.oneOf(['0.004', '12.5', '3600'])),
    bytes_billed: draw.orNull(draw.oneOf([0, 1_048_575, 10_485_760, 2 ** 50, 123_456_789_012])),
    exit_code: draw.orNull(draw.oneOf([0, 0, 0, 3, 4, 75])),
    version: draw.orNull(draw.oneOf(['0.1.0', '0.2.0'])),
  }
}
