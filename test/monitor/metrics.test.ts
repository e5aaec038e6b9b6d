import { describe, expect, it } from 'vitest'
import { DeliveryLag } from '../../src/monitor/delivery-lag.ts'
import { expose } from '../../src/monitor/exposition.ts'
import { type EndedRun, measure } from '../../src/monitor/measure.ts'
import { fullName, METRIC_NAMES } from '../../src/monitor/metrics.ts'
import { metricsOf, parseMetrics } from './exposed.ts'

const START_MS = 1_800_000_000_000

function facts(changes: Partial<EndedRun> = {}): EndedRun {
  return {
    shard: '0/1',
    version: '1.2.3',
    startedAtMs: START_MS,
    endedAtMs: START_MS + 2_500,
    durationS: 2.5,
    exitCode: 0,
    isSkipped: false,
    isLeaseLost: false,
    counts: null,
    summary: null,
    billedBytes: null,
    lag: [],
    open: null,
    ...changes,
  }
}

const SUMMARY = {
  reasons: [
    { status: 'delivered' as const, reason: 'ok', count: 7, example: 't1' },
    { status: 'rejected' as const, reason: 'bad_event_state', count: 1, example: 't2' },
    { status: 'rejected' as const, reason: 'invalid_revenue', count: 2, example: 't3' },
  ],
  requests: 11,
  retries: 1,
  recovered: 4,
  stopped: 'adjust_unavailable',
  refused: [
    { name: 'app 1', reason: 'app_stopped' },
    { name: 'token 1', reason: 'token_stopped' },
    { name: 'token 2', reason: 'token_stopped' },
  ],
}

async function exposed(changes: Partial<EndedRun>) {
  return metricsOf(await expose(measure(facts(changes)), '0/1', 'absent'))
}

describe('the metrics of a run', () => {
  it('are in base units: seconds, since 1970 where they are instants, and bytes', async () => {
    expect(await exposed({ billedBytes: 3 * 2 ** 30 })).toMatchObject({
      last_run_start_timestamp_seconds: START_MS / 1000,
      last_run_end_timestamp_seconds: START_MS / 1000 + 2.5,
      last_run_duration_seconds: 2.5,
      last_run_billed_bytes: 3_221_225_472,
      'build_info{version="1.2.3"}': 1,
    })
  })

  it.each([0, 1, 2, 3, 4, 75])('say whether exit code %s is a success: only 0 is', async (exitCode) => {
    const metrics = await exposed({ exitCode })
    expect(metrics.last_run_exit_code).toBe(exitCode)
    expect('last_success_timestamp_seconds' in metrics).toBe(exitCode === 0)
  })

  it('count rows by status and by reason, refused tokens by reason, and name why sending stopped', async () => {
    expect(
      await exposed({
        exitCode: 75,
        counts: { read: 10, delivered: 7, rejected: 3, in_doubt: 0 },
        summary: SUMMARY,
      }),
    ).toMatchObject({
      last_run_rows_read: 10,
      'last_run_rows{status="delivered"}': 7,
      'last_run_rows{status="rejected"}': 3,
      'last_run_rows{status="in_doubt"}': 0,
      'last_run_reason_rows{reason="bad_event_state",status="rejected"}': 1,
      'last_run_reason_rows{reason="invalid_revenue",status="rejected"}': 2,
      last_run_requests: 11,
      last_run_retries: 1,
      last_run_recovered_rows: 4,
      'last_run_stopped{reason="adjust_unavailable"}': 1,
      'last_run_refused_tokens{reason="app_stopped"}': 1,
      'last_run_refused_tokens{reason="token_stopped"}': 2,
    })
  })

  it('give the age of the oldest open transaction and when the first is given up', async () => {
    const end = START_MS + 2_500
    const open = {
      counts: { in_doubt: 2, deferred: 5 },
      oldestOccurredAtMs: end - 3_600_000,
      givenUpAtMs: { in_doubt: null, deferred: end + 60_000 },
    }
    expect(await exposed({ open })).toMatchObject({
      'open_rows{status="in_doubt"}': 2,
      'open_rows{status="deferred"}': 5,
      oldest_open_age_seconds: 3600,
      'oldest_open_expiry_timestamp_seconds{status="deferred"}': end / 1000 + 60,
    })
  })

  it('say that nothing is open by an age of 0 and no expiry', async () => {
    const open = {
      counts: { in_doubt: 0, deferred: 0 },
      oldestOccurredAtMs: null,
      givenUpAtMs: { in_doubt: null, deferred: null },
    }
    const metrics = await exposed({ open })
    expect(metrics).toMatchObject({ 'open_rows{status="in_doubt"}': 0, oldest_open_age_seconds: 0 })
    expect(Object.keys(metrics).filter((name) => name.includes('expiry'))).toEqual([])
  })

  it('have the lag of deliveries as percentiles that lie where they should, and the longest', async () => {
    const lag = new DeliveryLag()
    for (let seconds = 1; seconds <= 1000; seconds++) lag.observe(seconds)
    const metrics = await exposed({ lag: await lag.samples() })
    const percentile = (p: number) => metrics[`last_run_delivery_lag_seconds{percentile="${p}"}`]
    for (const p of [50, 90, 99]) expect(Math.abs(percentile(p)! - p * 10)).toBeLessThan(10)
    expect(percentile(100)).toBe(1000)
  })
})

describe('what a run could not learn', () => {
  const NEEDED = [
    'last_run_start_timestamp_seconds',
    'last_run_end_timestamp_seconds',
    'last_run_duration_seconds',
    'last_run_exit_code',
    'last_run_skipped',
    'last_run_lease_lost',
    'build_info{version="1.2.3"}',
  ]

  it('is left out of a file, and not 0', async () => {
    expect(
      Object.keys(await exposed({ exitCode: 75, lag: await new DeliveryLag().samples() })).sort(),
    ).toEqual(NEEDED.sort())
  })

  it('is NaN at a Pushgateway, but for what survives: a new series would take the place of the old one', async () => {
    const text = await expose(measure(facts({ exitCode: 75 })), '0/1', 'NaN')
    const metrics = metricsOf(text)
    expect(metrics.open_rows).toBeNaN()
    expect(metrics.last_run_rows).toBeNaN()
    expect(metrics.last_run_delivery_lag_seconds).toBeNaN()
    const missing = METRIC_NAMES.filter((name) => !text.includes(`# HELP ${fullName(name)} `))
    expect(missing).toEqual(['last_success_timestamp_seconds'])
  })
})

describe('the text', () => {
  it('has help and type for every metric, and the shard on every series', async () => {
    const text = await expose(
      measure(facts({ shard: '1/3', counts: { read: 0 }, summary: SUMMARY })),
      '1/3',
      'absent',
    )
    for (const series of Object.keys(parseMetrics(text))) expect(series).toContain('shard="1/3"')
    const names = new Set(Object.keys(parseMetrics(text)).map((series) => series.replace(/\{.*/, '')))
    for (const name of names)
      expect(text).toMatch(new RegExp(`^# HELP ${name} .+\\n# TYPE ${name} gauge$`, 'm'))
    expect(text.endsWith('\n')).toBe(true)
  })
})
