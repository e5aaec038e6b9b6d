import { MS_PER_DAY, MS_PER_HOUR } from '../../../../src/domain/durations.ts'
import { WHOLE } from '../../../../src/domain/shard.ts'
import { type ExtractOptions, extract } from '../../../../src/extract/extract.ts'
import { shardParameters as ofShard } from '../../../../src/report/open-events.ts'
import type { QueryParameters, Warehouse } from '../../../../src/warehouse/warehouse.ts'
import type { Draw } from './draw.ts'
import { APPS, EVENTS, MAX_AGE_MS, NOW_MS, SHARDS, type Shop, WINDOW } from './shop.ts'

type ParameterSets = (draw: Draw, shop: Shop) => QueryParameters[] | Promise<QueryParameters[]>

const at = (ms: number, micros = 0) => ({ timestampMicros: ms * 1000 + micros })
const now = at(NOW_MS)

const none: ParameterSets = () => [{}]
const window: ParameterSets = () => [
  { window_from: at(NOW_MS - 90 * MS_PER_DAY), window_to: at(NOW_MS + MS_PER_DAY) },
  { window_from: at(WINDOW.fromMs, 1), window_to: at(WINDOW.toMs, 1) },
]
const settled: ParameterSets = () => [
  { settled_from: at(NOW_MS - 4 * MS_PER_DAY), settled_to: at(NOW_MS + MS_PER_DAY) },
  { settled_from: at(NOW_MS - MS_PER_DAY, -1), settled_to: at(NOW_MS, -1) },
]

const occurred = { occurred_from: at(NOW_MS - 58 * MS_PER_DAY), occurred_to: at(NOW_MS + MS_PER_DAY) }
const ever = { started_from: at(NOW_MS - 300 * MS_PER_DAY), started_to: at(NOW_MS + MS_PER_DAY) }
const ofRuns = () => [
  ...['run-1', 'run-2'].map((run_id) => ({ run_id, ...occurred })),
  { run_id: 'run-3', occurred_from: at(WINDOW.fromMs), occurred_to: at(WINDOW.toMs) },
]

/** What each query of `sql/` is asked with, in this order. */
export const QUERIES: Readonly<Record<string, ParameterSets>> = {
  'audit-ids.sql': () =>
    ['run-1', 'run-2', 'nobody'].map((run_id) => ({
      run_id,
      occurred_from: at(NOW_MS - 30 * MS_PER_DAY),
      occurred_to: at(NOW_MS),
    })),
  'audit-size.sql': none,
  'extract.sql': (draw, shop) => Promise.all(extractions(draw, shop).map(extractParameters)),
  'in-doubt.sql': () =>
    ['', 'run-1', 'nobody'].map((run_id) => ({ run_id, audit_from: at(NOW_MS - 90 * MS_PER_DAY) })),
  'last-full-runs.sql': () => [{ now }, { now: at(NOW_MS - 5 * MS_PER_HOUR) }],
  'lease-holders.sql': none,
  'oldest-open.sql': () => [10, 60, 300].map((days) => ({ audit_from: at(NOW_MS - days * MS_PER_DAY) })),
  'settlement.sql': (draw, shop) => draw.list(8, () => ({ transaction_id: draw.oneOf(shop.transactionIds) })),
  'export.sql': none,
  'sent-events.sql': () =>
    [2, 90].map((days) => ({
      sent_from: at(NOW_MS - days * MS_PER_DAY, 1),
      sent_to: at(NOW_MS - MS_PER_HOUR, 1),
      occurred_from: at(NOW_MS - 90 * MS_PER_DAY),
      occurred_to: at(NOW_MS + MS_PER_DAY),
    })),
  'sent-ids.sql': () => [{ occurred_from: at(NOW_MS - 30 * MS_PER_DAY) }],
  'unfinished-runs.sql': none,
  'report/runs.sql': () => [
    { pattern: '', shard: '', ended_only: false, ...ever, row_limit: 100 },
    { pattern: '^run-1|-3$', shard: SHARDS[0], ended_only: false, ...ever, row_limit: 100 },
    {
      pattern: '',
      shard: '',
      ended_only: true,
      started_from: at(NOW_MS - 12 * MS_PER_HOUR),
      started_to: now,
      row_limit: 5,
    },
  ],
  'report/totals.sql': ofRuns,
  'report/outcomes.sql': () => ofRuns().map((parameters) => ({ ...parameters, row_limit: 100 })),
  'report/sends.sql': () =>
    [10, 36_000].flatMap((span_tenths) =>
      ofRuns().map((parameters) => ({
        ...parameters,
        from_micros: (NOW_MS - 3 * MS_PER_DAY) * 1000,
        span_tenths,
      })),
    ),
  'report/answer-times.sql': ofRuns,
  'report/delivery-lags.sql': ofRuns,
  'report/open.sql': () => [
    { ...occurred, ...ofShard(WHOLE), as_of: now, app: '', event: '', row_limit: 20 },
    { ...occurred, ...ofShard(WHOLE), as_of: at(NOW_MS - MS_PER_DAY), app: APPS[0], event: '', row_limit: 2 },
    {
      ...occurred,
      ...ofShard(WHOLE),
      as_of: at(NOW_MS - MS_PER_HOUR),
      app: '',
      event: EVENTS[0],
      row_limit: 20,
    },
    ...[
      { index: 1, count: 3 },
      { index: 0, count: 2 },
    ].map((shard) => ({ ...occurred, ...ofShard(shard), as_of: now, app: '', event: '', row_limit: 20 })),
  ],
  'audit/cost-per-run.sql': () => [
    { usd_per_tib: '6.25', row_limit: 100 },
    { usd_per_tib: '0.1234565', row_limit: 3 },
  ],
  'audit/delivered-by-day.sql': window,
  'audit/delivery-lag.sql': settled,
  'audit/lost-revenue.sql': settled,
  'audit/open.sql': () => [10, 60, 300].map((days) => ({ audit_from: at(NOW_MS - days * MS_PER_DAY) })),
  'audit/rejections-by-reason.sql': settled,
  'audit/runs.sql': () => [{ row_limit: 100 }, { row_limit: 3 }],
  'audit/transaction.sql': (draw, shop) =>
    draw.list(4, () => ({ transaction_id: draw.oneOf(shop.transactionIds) })),
  'audit/waiting.sql': () => [
    { now, row_limit: 1000 },
    { now, row_limit: 7 },
  ],
}

/** Statements of `sql/` that change rows, in an order in which each finds something to change. */
export const CHANGES = ['lease-first.sql', 'lease-take.sql', 'lease-renew.sql', 'lease-release.sql'] as const

/** What `run`, `plan` and `explain` ask for. */
function extractions(draw: Draw, shop: Shop): Partial<ExtractOptions>[] {
  const partial = { ...WINDOW, full: false }
  return [
    {},
    { window: partial },
    { app: APPS[0] },
    { event: EVENTS[1] },
    {
      window: {
        fromMs: Date.parse('0001-01-01T00:00:00Z'),
        toMs: Date.parse('9999-12-31T00:00:00Z'),
        full: true,
      },
      transactionId: draw.oneOf(shop.transactionIds),
      resend: 'all',
    },
    { resend: 'failed' },
    { shard: { index: 0, count: 3 } },
    { shard: { index: 2, count: 3 }, resend: 'all' },
    { resend: 'all' },
    { window: partial, resend: 'all', limit: 25 },
    { inDoubtBlocks: { revenue: true, other: false }, inDoubtHoldHours: 48 },
    { inDoubtBlocks: { revenue: false, other: true }, inDoubtHoldHours: 1 },
  ]
}

/** The parameters that the extraction itself makes of its options. */
async function extractParameters(options: Partial<ExtractOptions>): Promise<QueryParameters> {
  const asked: QueryParameters[] = []
  const warehouse: Pick<Warehouse, 'query'> = {
    query(_sql, { parameters = {} } = {}) {
      asked.push(parameters)
      return (async function* () {})()
    },
  }
  const all: ExtractOptions = {
    window: { fromMs: NOW_MS - MAX_AGE_MS, toMs: WINDOW.toMs, full: true },
    resend: 'none',
    nowMs: NOW_MS,
    inDoubtBlocks: { revenue: true, other: true },
    inDoubtHoldHours: 24,
    ...options,
  }
  for await (const _rows of extract(warehouse as Warehouse, '', all));
  return asked[0]!
}
