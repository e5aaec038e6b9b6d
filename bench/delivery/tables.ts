import type { Benchmark, BenchTable, Fixture } from '../frame/benchmark.ts'
import { atRate, CHAIN, COMPARED, IN_FLIGHT, RETRIES, RUNS, SHARE, STAGES, sumOfStages } from './columns.ts'
import type { DeliverOptions } from './deliver.ts'
import { purchasesOf } from './purchases.ts'
import { FAST_SINK, FAST_SINK_NAME, nodeSink } from './sink.ts'

const bare = () => import('./bare.ts')
const stages = () => import('./stages.ts')

/** Four events a device. */
const PURCHASES = purchasesOf((rows) => Math.ceil(rows / 4))
const ONE_DEVICE = purchasesOf(() => 1)
const A_DEVICE_EACH = purchasesOf((rows) => rows)

/** `adjust-s2s run`: as many requests a second as it can, unless the options say otherwise. */
function run(
  name: string,
  what: string,
  fixtures: readonly Fixture[],
  options: DeliverOptions = {},
): Benchmark {
  return { name, what, fixtures, load: async () => (await import('./deliver.ts')).deliver(options) }
}

/** The sink that counts takes its time, as Adjust does. */
function runAtLatency(latencyMs: number): Benchmark {
  return run('latency', `an answer after ${latencyMs} ms`, [PURCHASES, nodeSink({ latencyMs })], {
    concurrency: 512,
    counts: true,
  })
}

const COMPARISON: BenchTable = {
  title: `Delivering from DuckDB to ${FAST_SINK_NAME}`,
  unit: 'events',
  sizes: [
    { rows: 10_000 },
    { rows: 100_000 },
    {
      rows: 1_000_000,
      rounds: 1,
      names: {
        usually: ['deliver', 'dispatch', 'duckdb'],
        large: ['deliver', 'dispatch', 'request', 'script', 'duckdb'],
      },
    },
    { rows: 10_000_000, rounds: 1, names: { usually: [], large: ['deliver', 'duckdb'] } },
  ],
  columns: COMPARED,
  lines: [
    run('deliver', 'adjust-s2s run, 64 at a time', [PURCHASES, FAST_SINK]),
    {
      name: 'dispatch',
      what: 'undici dispatch alone, 64 clients',
      fixtures: [PURCHASES, FAST_SINK],
      load: async () => (await bare()).bareDispatch,
    },
    {
      name: 'request',
      what: 'undici request alone, 64 at a time',
      fixtures: [PURCHASES, FAST_SINK],
      load: async () => (await bare()).bareRequest,
    },
    {
      name: 'script',
      what: 'p-limit, fetch, luxon, zod',
      fixtures: [PURCHASES, FAST_SINK],
      // It holds all rows, and all requests that wait for their turn.
      nodeOptions: ['--max-old-space-size=12288'],
      load: async () => (await import('./script.ts')).userScript,
    },
    {
      name: 'duckdb',
      what: 'the query alone, nothing sent',
      fixtures: [PURCHASES],
      nodeOptions: ['--expose-gc'],
      load: async () => (await import('./duckdb-alone.ts')).duckdbAlone,
    },
  ],
}

const LATENCY: BenchTable = {
  title: 'Delivering to a sink on node:net that takes its time, 512 at a time',
  unit: 'events',
  sizes: [{ rows: 50_000, rounds: 1 }],
  columns: IN_FLIGHT,
  lines: [0, 20, 50, 100].map(runAtLatency),
}

const SHAPES: BenchTable = {
  title: `Delivering to ${FAST_SINK_NAME}, 64 at a time`,
  unit: 'events',
  sizes: [{ rows: 100_000, rounds: 1 }],
  columns: CHAIN,
  lines: [run('one-device', 'all events of one device', [ONE_DEVICE, FAST_SINK])],
}

const MANY_DEVICES: BenchTable = {
  title: `Delivering to ${FAST_SINK_NAME}, 64 at a time`,
  unit: 'events',
  sizes: [{ rows: 1_000_000, rounds: 1 }],
  columns: RUNS,
  lines: [run('many-devices', 'a device for each event', [A_DEVICE_EACH, FAST_SINK])],
}

const TROUBLE: BenchTable = {
  title: 'Delivering to a sink on node:net that refuses the first two requests of some devices, 64 at a time',
  unit: 'events',
  sizes: [{ rows: 100_000, rounds: 1 }],
  columns: RETRIES,
  lines: [0, 0.1].map((failingShare) =>
    run('retry', `${failingShare * 100} % of the devices`, [PURCHASES, nodeSink({ failingShare })], {
      counts: true,
    }),
  ),
}

const RATE: BenchTable = {
  title: 'Delivering at 2,000 a second to a sink on node:net',
  unit: 'events',
  sizes: [{ rows: 40_000, rounds: 1 }],
  columns: atRate(2_000),
  lines: [run('rate', '64 at a time', [PURCHASES, nodeSink({})], { requestsPerSecond: 2_000, counts: true })],
}

const LITTLE: BenchTable = {
  title: "Delivering at 5,000 a second to a sink on node:net that takes 50 ms: 250 in flight by Little's law",
  unit: 'events',
  sizes: [{ rows: 100_000, rounds: 1 }],
  columns: atRate(5_000),
  lines: [
    run('rate', '512 at a time', [PURCHASES, nodeSink({ latencyMs: 50 })], {
      requestsPerSecond: 5_000,
      concurrency: 512,
      counts: true,
    }),
  ],
}

const SLOW: BenchTable = {
  title: `Delivering at 50 a second to ${FAST_SINK_NAME}`,
  unit: 'events',
  sizes: [{ rows: 1_000, rounds: 1 }],
  columns: SHARE,
  lines: [
    run('slow', 'all of them', [PURCHASES, FAST_SINK], { requestsPerSecond: 50 }),
    run('idle', 'none: the source has no rows', [PURCHASES, FAST_SINK], { isIdle: true }),
  ],
}

const STAGE_BY_STAGE: BenchTable = {
  title: `The stages alone, 64 at a time; sending to ${FAST_SINK_NAME}`,
  unit: 'events',
  sizes: [{ rows: 100_000, rounds: 1 }],
  columns: STAGES,
  footer: sumOfStages,
  lines: [
    {
      name: 'stages',
      what: 'extract: query, reading',
      fixtures: [PURCHASES],
      load: async () => (await stages()).extractStage,
    },
    {
      name: 'stages',
      what: 'transform',
      fixtures: [PURCHASES],
      load: async () => (await stages()).transformStage,
    },
    {
      name: 'stages',
      what: 'load: order, gates, decisions',
      fixtures: [PURCHASES],
      load: async () => (await import('./load-stage.ts')).loadStage,
    },
    {
      name: 'stages',
      what: 'journal: intent, outcome',
      load: async () => (await stages()).journalStage,
    },
    {
      name: 'stages',
      what: 'send',
      fixtures: [PURCHASES, FAST_SINK],
      load: async () => (await stages()).sendStage,
    },
    {
      name: 'stages',
      what: 'audit: appending to DuckDB',
      load: async () => (await import('../warehouse/append.ts')).appendDuckdb,
    },
    run('stages', 'the whole run', [PURCHASES, FAST_SINK]),
  ],
}

/** The whole way of an event, from the warehouse to Adjust and back into the audit table. */
export const DELIVERY_TABLES: readonly BenchTable[] = [
  COMPARISON,
  STAGE_BY_STAGE,
  LATENCY,
  LITTLE,
  RATE,
  SLOW,
  SHAPES,
  MANY_DEVICES,
  TROUBLE,
]
