import type { Column, Measured, Sample } from '../frame/benchmark.ts'
import {
  column,
  cpuMicros,
  decimal,
  figure,
  name,
  peakMb,
  perSecond,
  ratioTo,
  spread,
  what,
} from '../frame/columns.ts'
import { medianOf } from '../frame/median.ts'

const begin = [name, what, perSecond('event'), spread]

export const COMPARED: readonly Column[] = [
  ...begin,
  ratioTo('deliver'),
  ratioTo('dispatch'),
  ratioTo('script'),
  cpuMicros('event'),
  peakMb,
]

/** Without the query before the first request. */
const sendingPerSecond = figure('sending/s', ({ rows, figures }) => rows / figures.sendingSeconds!)

export const RUNS: readonly Column[] = [...begin, sendingPerSecond, cpuMicros('event'), peakMb]

/** From an event to the next one of the same device. */
export const CHAIN: readonly Column[] = [
  ...RUNS,
  figure('µs from one to the next', ({ rows, figures }) => (figures.sendingSeconds! / rows) * 1e6),
]

/** Of a sink that counts. */
const requests = seen('requests', (figures) => figures.requests!)
const inFlight = [
  seen('mean in flight', (figures) => figures.meanInFlight!),
  seen('peak in flight', (figures) => figures.peakInFlight!),
]

export const IN_FLIGHT: readonly Column[] = [...RUNS, ...inFlight]
export const RETRIES: readonly Column[] = [...RUNS, requests]

/** What the sink sees of a rate that is set: neither the query nor the last answer counts. */
export function atRate(requestsPerSecond: number): readonly Column[] {
  const achieved = (figures: Sample['figures']) => (figures.requests! - 1) / figures.seconds!
  return [
    name,
    what,
    requests,
    seen('requests/s', achieved, 1),
    seen('deviation %', (figures) => (achieved(figures) / requestsPerSecond - 1) * 100, 2),
    seen('busiest second', (figures) => figures.busiestSecond!),
    ...inFlight,
    cpuMicros('event'),
  ]
}

function seen(head: string, value: (figures: Sample['figures']) => number, digits = 0): Column {
  return figure(head, ({ figures }) => value(figures), digits)
}

const cpuSeconds = (one: Measured) => medianOf(one, (sample) => sample.cpuSeconds)
const seconds = (one: Measured) => medianOf(one, (sample) => sample.seconds)

/** Of one core: what a run takes beyond one that has nothing to send (see `bench/delivery/tables.ts`), by the time that sending takes. */
const cpuShare = column('CPU %, sending', (one, all) => {
  const idle = all.find(({ line }) => line.name === 'idle')
  if (idle === undefined || one === idle) return ''
  return decimal(((cpuSeconds(one) - cpuSeconds(idle)) / seconds(one)) * 100, 2)
})

export const SHARE: readonly Column[] = [
  name,
  what,
  column('seconds', (one) => decimal(seconds(one), 1)),
  column('CPU s', (one) => decimal(cpuSeconds(one), 2)),
  cpuShare,
]

const cpuNanos = (one: Measured) => medianOf(one, ({ cpuSeconds, rows }) => (cpuSeconds / rows) * 1e9)

export const STAGES: readonly Column[] = [
  name,
  what,
  figure('ns/event', ({ seconds, rows }) => (seconds / rows) * 1e9),
  column('CPU ns/event', (one) => decimal(cpuNanos(one), 0)),
]

/** The last line is the whole run. */
export function sumOfStages(measured: readonly Measured[]): string {
  const [whole, ...stages] = measured.toReversed()
  const sum = stages.reduce((nanos, stage) => nanos + cpuNanos(stage), 0)
  return `The stages together: ${decimal(sum, 0)} ns of CPU an event; the whole run: ${decimal(cpuNanos(whole!), 0)}.`
}
