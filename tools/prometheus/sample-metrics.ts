import { DeliveryLag } from '../../src/monitor/delivery-lag.ts'
import { expose } from '../../src/monitor/exposition.ts'
import { measure } from '../../src/monitor/measure.ts'

/** Metrics as a run writes them, every one with a value. */
export async function sampleMetrics(): Promise<string> {
  const lag = new DeliveryLag()
  for (const seconds of [900, 1200, 7200]) lag.observe(seconds)
  const samples = measure({
    shard: '0/1',
    version: '1.0.0',
    startedAtMs: 1_800_000_000_000,
    endedAtMs: 1_800_000_060_000,
    durationS: 60,
    exitCode: 0,
    isSkipped: false,
    isLeaseLost: false,
    counts: { read: 4, delivered: 3, rejected: 1 },
    summary: {
      reasons: [{ status: 'rejected', reason: 'bad_event_state', count: 1, example: 'order-1' }],
      requests: 5,
      retries: 1,
      recovered: 0,
      stopped: 'adjust_unavailable',
      refused: [{ reason: 'app_stopped' }],
    },
    billedBytes: 1_073_741_824,
    lag: await lag.samples(),
    open: {
      counts: { in_doubt: 1, deferred: 2 },
      oldestOccurredAtMs: 1_799_000_000_000,
      givenUpAtMs: { in_doubt: 1_800_086_400_000, deferred: 1_804_000_000_000 },
    },
  })
  return expose(samples, '0/1', 'absent')
}
